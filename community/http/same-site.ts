/** Only pages of this community may act here: names it knows (against DNS rebinding), origins of its own (against CSRF). */
import { isIP } from 'node:net';
import { CodedError } from '@commonworks/core';
import type { FastifyInstance } from 'fastify';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * An attacker's page can point a name of its own at this machine, never an IP address or a name it does not own:
 * so addresses, `localhost`, this machine's name and the public name are known, everything else is not.
 */
export function knownHosts(publicUrl: string, machineName: string): (hostHeader: string | undefined) => boolean {
  const machine = machineName.toLowerCase();
  const names = new Set([new URL(publicUrl).hostname, 'localhost', machine, `${machine}.local`]);
  return (hostHeader) => {
    const host = hostnameOf(`http://${hostHeader ?? ''}`);
    if (host === null) return false;
    return names.has(host) || host.endsWith('.localhost') || isIP(host.replace(/^\[|\]$/g, '')) !== 0;
  };
}

/** @throws CodedError `http.host-refused`. */
export function hostCheck(publicUrl: string, machineName: string): (host: string | undefined) => void {
  const isKnown = knownHosts(publicUrl, machineName);
  return (host) => {
    if (!isKnown(host)) throw new CodedError('http.host-refused', `this server is not called ${host ?? 'nothing'}`);
  };
}

/** `publicUrl` counts as own although a proxy in front may pass another Host. */
export function guardSite(
  server: FastifyInstance,
  options: { publicUrl: string; checkHost: ReturnType<typeof hostCheck> },
): void {
  const publicOrigin = new URL(options.publicUrl).origin;
  server.addHook('onRequest', async (request) => {
    const host = request.headers.host;
    options.checkHost(host);
    const { origin } = request.headers;
    if (origin === undefined || SAFE_METHODS.has(request.method)) return;
    if (origin === publicOrigin || hostOf(origin) === host?.toLowerCase()) return;
    throw new CodedError('http.origin-refused', `${origin} is not a page of this community`);
  });
}

function hostnameOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).hostname : null;
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null;
}
