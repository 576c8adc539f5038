/** Node-RED's settings: a log-in for everything, nothing installed from the network, no way out to the shell. */
import type { FlowServices } from './flow-services.ts';
import { isSameSecret } from './secret-file.ts';

export type RedLog = Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;

export type RedSettingsOptions = {
  readonly userDir: string;
  readonly nodesDir: string;
  readonly adminPassword: string;
  readonly credentialSecret: string;
  readonly services: FlowServices;
  readonly log: RedLog;
};

export const ADMIN_ROOT = '/red';
const ADMIN = { username: 'admin', permissions: '*' };

export function redSettings(options: RedSettingsOptions): object {
  const { userDir, nodesDir, adminPassword, credentialSecret, services, log } = options;
  return {
    userDir,
    nodesDir,
    flowFile: 'flows.json',
    credentialSecret,
    httpAdminRoot: ADMIN_ROOT,
    // Flows open no addresses of their own: nobody would ask those for a log-in.
    httpNodeRoot: false,
    // A flow editor is a way to run code on this machine; a shell would be one too many.
    nodesExcludes: ['90-exec.js'],
    functionExternalModules: false,
    externalModules: {
      autoInstall: false,
      palette: { allowInstall: false, allowUpdate: false, allowUpload: false },
      modules: { allowInstall: false },
    },
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: {
      page: { title: 'Commonworks flows' },
      header: { title: 'Commonworks flows' },
      projects: { enabled: false },
      tours: false,
      palette: { categories: ['commonworks', 'common', 'function', 'sequence', 'parser', 'network', 'storage'] },
    },
    adminAuth: {
      type: 'credentials',
      sessionExpiryTime: 86_400,
      users: async (name: string) => (name === ADMIN.username ? ADMIN : null),
      authenticate: async (name: string, password: string) =>
        name === ADMIN.username && isSameSecret(password, adminPassword) ? ADMIN : null,
      default: async () => null,
    },
    logging: { pino: { level: 'info', metrics: false, audit: false, handler: () => forward(log) } },
    commonworks: services,
  };
}

type RedMessage = { level: number; msg?: unknown; type?: string; name?: string };

/** Node-RED's levels: 10 fatal, 20 error, 30 warn, 40 info. Its own warnings only speak of what is switched off above. */
function forward(log: RedLog): (message: RedMessage) => void {
  return ({ level, msg, type, name }) => {
    const text = msg instanceof Error ? msg.message : typeof msg === 'string' ? msg : JSON.stringify(msg);
    const node = type === undefined ? {} : { node: name ?? type };
    if (level <= 20) log.error(node, text);
    else if (level <= 30 && type !== undefined) log.warn(node, text);
  };
}
