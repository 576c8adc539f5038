/** `commonworks settle`: asks a running site's server to settle a month, or lists what was settled. */
import { readFileSync } from 'node:fs';
import { CodedError, ERROR_CATALOGUE, type ErrorCode, formatKwh } from '@commonworks/core';
import type { Settlement } from '@commonworks/core/api/index.ts';
import { type Command, Option } from 'commander';
import { publicUrl, readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';

type Flags = { site: string; json?: true };

/** A month of a large community takes a minute on a Raspberry Pi. */
const REQUEST_MS = 300_000;

export function register(program: Command): void {
  const settle = program.command('settle').description("settle a site's months; the site's server must run");
  settle
    .command('run')
    .description('freeze a month, share it, post it; a month settled before gets corrections in the open month')
    .argument('<month>', 'YYYY-MM')
    .requiredOption('--site <dir>', 'the site')
    .addOption(
      new Option('--missing <policy>', 'refuse while a gap is undecided, or leave all gaps as they are and list them')
        .choices(['refuse', 'exclude'])
        .default('refuse'),
    )
    .option('--reason <words>', 'why the gaps stay as they are: with --missing exclude')
    .option('--json', 'print the settlement as JSON')
    .action(async (month: string, { site, missing, reason, json }: Flags & { missing: string; reason?: string }) => {
      if (missing === 'exclude' && reason === undefined) {
        settle.error('--missing exclude needs --reason: who asks later must find it', { exitCode: 2 });
      }
      const settlement = (await request(site, { month, missing, reason })) as Settlement;
      process.stdout.write(json ? `${JSON.stringify(settlement)}\n` : settlementText(settlement));
      if (settlement.status === 'refused') process.exitCode = 1;
    });
  settle
    .command('list')
    .description('list the settlement runs, newest first')
    .requiredOption('--site <dir>', 'the site')
    .option('--json', 'print as JSON')
    .action(async (flags: Flags) => {
      const settlements = (await request(flags.site)) as Settlement[];
      const text = settlements.map(settlementText).join('') || 'nothing is settled yet\n';
      process.stdout.write(flags.json ? `${JSON.stringify(settlements)}\n` : text);
    });
}

/** @throws CodedError the server's own code when it refuses, `cli.server-unreachable` when it does not answer. */
async function request(site: string, body?: object): Promise<unknown> {
  const url = `${publicUrl(readSite(site).listen)}/api/v1/settlements`;
  const token = readFileSync(siteFiles(site).serviceToken, 'utf8').trim();
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const options = { headers, signal: AbortSignal.timeout(REQUEST_MS) };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(
      url,
      body === undefined ? options : { ...options, method: 'POST', body: JSON.stringify(body) },
    );
    answer = await response.json();
  } catch (cause) {
    throw new CodedError('cli.server-unreachable', `${url}: ${String(cause)}`, { cause });
  }
  if (response.ok) return answer;
  const { code, detail } = answer as { code?: string; detail?: string };
  const isKnown = code !== undefined && Object.hasOwn(ERROR_CATALOGUE, code);
  throw new CodedError(
    isKnown ? (code as ErrorCode) : 'cli.server-unreachable',
    detail ?? `${url}: status ${response.status}`,
  );
}

function settlementText(settlement: Settlement): string {
  const { month, version, productionMwh, allocatedMwh, surplusMwh, reasons } = settlement;
  const figures = `${formatKwh(productionMwh)} kWh made, ${formatKwh(allocatedMwh)} shared, ${formatKwh(surplusMwh)} surplus`;
  const head = settlement.ledgerHead === null ? '' : `  ledger head ${settlement.ledgerHead}\n`;
  const notes = reasons.map((reason) => `  ${reason}\n`).join('');
  return `${month} version ${version}, ${settlement.method}, ${settlement.status}: ${figures}\n${head}${notes}`;
}
