/** The few lines a newcomer reads first. */
import { readFileSync } from 'node:fs';
import type { SiteConfig } from '@commonworks/core';
import { publicUrl } from './read-site.ts';

type DemoLogin = { name: string; email: string; password: string; roles: string[] };

/** Passwords are shown on a terminal only: elsewhere the output may be kept in a log. */
export function demoBanner(config: SiteConfig, loginsFile: string, options: { isTerminal: boolean }): string {
  const { logins } = JSON.parse(readFileSync(loginsFile, 'utf8')) as { logins: DemoLogin[] };
  const people = options.isTerminal
    ? logins.map(
        (login) => `    ${login.email.padEnd(14)} ${login.password}   ${login.name}: ${login.roles.join(', ')}`,
      )
    : [`    in ${loginsFile}`];
  return [
    '',
    `  ${config.community.name} - a demo community: the devices are simulated, everything else is real`,
    '',
    `  Web page   ${publicUrl(config.listen)}`,
    `  Broker     mqtt://${config.listen.host}:${config.listen.mqttPort}   ws://${config.listen.host}:${config.listen.mqttWsPort}`,
    '  Log-ins',
    ...people,
    '',
    '  Ctrl-C stops it; starting it again goes on where it was.',
    '',
  ].join('\n');
}
