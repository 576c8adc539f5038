/** `commonworks init DIR`: a new, empty site. */
import { resolve } from 'node:path';
import { CodedError, zoneFault } from '@commonworks/core';
import { type Command, InvalidArgumentError } from 'commander';
import { choosePorts, type SitePorts, USUAL_PORTS } from '../site/choose-ports.ts';
import { createSite } from '../site/create-site.ts';
import { publicUrl } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';

type InitOptions = {
  name: string;
  zone: string;
  currency: string;
  locale: string;
  listen: string;
  json?: boolean;
} & Partial<SitePorts>;

export function register(program: Command): void {
  program
    .command('init')
    .description('make a new, empty site: configuration, keys and a one-time link for its first admin')
    .argument('<dir>', 'a new or empty folder')
    .option('--name <name>', 'name of the community', 'Our community')
    .option('--zone <zone>', 'time zone of the community (IANA name)', 'Europe/Vienna')
    .option('--currency <code>', 'ISO 4217 code', 'EUR')
    .option('--locale <tag>', 'language and number formats (BCP 47)', 'en')
    .option('--listen <address>', 'address to bind to; 0.0.0.0 for every interface', '127.0.0.1')
    .option('--web-port <port>', `web page and API (usually ${USUAL_PORTS.webPort})`, port)
    .option('--mqtt-port <port>', `broker (usually ${USUAL_PORTS.mqttPort})`, port)
    .option('--mqtt-ws-port <port>', `broker over WebSocket (usually ${USUAL_PORTS.mqttWsPort})`, port)
    .option('--log-port <port>', `log and series of the broker (usually ${USUAL_PORTS.logPort})`, port)
    .option('--json', 'print what was made as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ npx commonworks init /srv/sonnenhof --name Sonnenhof\n  $ npx commonworks run /srv/sonnenhof\n',
    )
    .action(initSite);
}

async function initSite(dir: string, options: InitOptions): Promise<void> {
  const fault = zoneFault(options.zone);
  if (fault !== null) throw new CodedError('site.zone-unknown', fault);
  const path = resolve(dir);
  const listen = { host: options.listen, ...(await choosePorts(options.listen, wantedPorts(options))) };
  const { config, adminToken } = createSite(path, {
    name: options.name,
    zone: options.zone,
    currency: options.currency,
    locale: options.locale,
    listen,
    nowMs: Date.now(),
  });
  const link = `${publicUrl(config.listen)}/setup?token=${adminToken}`;
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ dir: path, community: config.community, listen, adminLink: link })}\n`);
    return;
  }
  process.stdout.write(`Made the site of "${config.community.name}" in ${path}

  settings      ${siteFiles(path).config}
  start it      npx commonworks run ${dir}
  first admin   ${link}
                works once, within seven days, while the site runs

Keep ${siteFiles(path).keys} private, and back up the whole site to another disk:
  npx commonworks backup create ${dir} FOLDER
`);
}

function wantedPorts(options: InitOptions): Partial<SitePorts> {
  return Object.fromEntries(
    Object.keys(USUAL_PORTS).flatMap((name) => {
      const value = options[name as keyof SitePorts];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError('a port is 1 to 65535.');
  return value;
}
