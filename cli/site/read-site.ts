/** Reads a site's configuration from its folder. */
import { readFileSync } from 'node:fs';
import { CodedError, parseSiteConfig, type SiteConfig } from '@commonworks/core';
import { parseDocument } from 'yaml';
import { siteFiles } from './site-files.ts';

/** @throws CodedError `site.not-found`, `site.yaml-malformed` with line and column, or `site.config-invalid`. */
export function readSite(dir: string): SiteConfig {
  const { config } = siteFiles(dir);
  let text: string;
  try {
    text = readFileSync(config, 'utf8');
  } catch (cause) {
    throw new CodedError('site.not-found', `there is no readable ${config}`, { cause });
  }
  const document = parseDocument(text);
  const [fault] = document.errors;
  if (fault !== undefined) throw new CodedError('site.yaml-malformed', `${config}: ${fault.message}`, { cause: fault });
  return parseSiteConfig(document.toJS());
}

/** What members type into a browser. */
export function publicUrl(listen: SiteConfig['listen']): string {
  if (listen.publicUrl !== undefined) return listen.publicUrl.replace(/\/$/, '');
  const host = listen.host === '0.0.0.0' || listen.host === '::' ? '127.0.0.1' : listen.host;
  return `http://${host.includes(':') ? `[${host}]` : host}:${listen.webPort}`;
}
