/** `commonworks log`: whether a site's stored readings are sound, and their repair from what is sound and from backups. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { LogWitness } from '@commonworks/broker/broker-tables.ts';
import { type Repaired, repairLog } from '@commonworks/broker/ingest/repair-log.ts';
import { savedRows } from '@commonworks/broker/ingest/saved-rows.ts';
import { type DamagedSpan, type LogVerdict, verifyLog } from '@commonworks/broker/ingest/verify-log.ts';
import { CodedError, type LogState } from '@commonworks/core';
import type { Command } from 'commander';
import { edgeNames } from '../log/edge-names.ts';
import { holdSite } from '../site/hold-site.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { createProgress } from '../tables/progress.ts';

const VERIFY_HELP = `
Reads every pack, every mark and every reading, and changes nothing; the site may run meanwhile. Damage is named by agent,
by the numbers of its packs, and by when they came. What the agents still keep is asked for by itself.

Exit    0 nothing is wrong, 1 something is, 2 wrong usage.`;

const REPAIR_HELP = `
Stop the site first. A damaged telemetry.db is written anew from everything in it that is proven, and kept beside as
telemetry.db.damaged-...; what is missing then is taken from the backups named, and what is still missing is asked from
the agents when they connect. Needs as much free space as telemetry.db is large.

Example npx commonworks log repair my-site --from /backup/monday --from /backup/sunday/telemetry.db
Exit    0 all is there, 1 something is still missing (it is said what), 2 wrong usage.`;

export function register(program: Command): void {
  const log = program
    .command('log')
    .description('the stored readings of a site: whether they are sound, and their repair');
  log
    .command('verify')
    .description('read every stored pack and say which are damaged')
    .argument('<site>', 'the folder of the site')
    .option('--json', 'print the verdict as JSON')
    .addHelpText('after', VERIFY_HELP)
    .action(verify);
  log
    .command('repair')
    .description('write damaged stored readings anew, and fill what is missing from backups')
    .argument('<site>', 'the folder of the site; it must not run')
    .option('--from <backup...>', 'a telemetry.db of a backup, or a folder that holds one; may be given several times')
    .option('--of-another-log', 'take from it also when nothing proves that it is of this site')
    .option('--json', 'print what was done as JSON')
    .addHelpText('after', REPAIR_HELP)
    .action(repair);
}

function verify(site: string, flags: { json?: true }): void {
  const { telemetryFile, brokerFile } = filesOf(site);
  const progress = createProgress('packs read');
  const verdict = verifyLog(telemetryFile, { witness: witnessOf(brokerFile), onPack: progress });
  process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : verdictText(verdict, edgeNames(site)));
  if (verdict.verdict === 'damaged') process.exitCode = 1;
}

async function repair(site: string, flags: { from?: string[]; ofAnotherLog?: true; json?: true }): Promise<void> {
  // From a backup the whole log can come: its packs, if not its name.
  const files = filesOf(site, { mayBeGone: (flags.from ?? []).length > 0 });
  await holdSite(site);
  const onPack = createProgress('packs read');
  const { id } = readSite(site).community;
  const isOfSite = (file: string) => {
    const beside = join(dirname(file), '..');
    return existsSync(join(beside, 'site.yaml')) ? readSite(beside).community.id === id : null;
  };
  const from = { from: flags.from ?? [], ofAnotherLog: flags.ofAnotherLog === true, isOfSite };
  const repaired = repairLog(files, { nowMs: Date.now(), ...from, onPack });
  process.stdout.write(flags.json ? `${JSON.stringify(repaired)}\n` : repairText(repaired, edgeNames(site)));
  if (repaired.holes.some(isOpen)) process.exitCode = 1;
}

/** @throws CodedError `site.not-found`, `telemetry.log-missing`. */
function filesOf(site: string, { mayBeGone = false } = {}): { telemetryFile: string; brokerFile: string } {
  readSite(site);
  const { data } = siteFiles(site);
  const telemetryFile = join(data, 'telemetry.db');
  if (!mayBeGone && !existsSync(telemetryFile)) {
    throw new CodedError('telemetry.log-missing', `there is no ${telemetryFile}`);
  }
  return { telemetryFile, brokerFile: join(data, 'broker.db') };
}

/** Null when broker.db cannot tell: then nothing is known of what was there before. */
function witnessOf(brokerFile: string): LogWitness | null {
  if (!existsSync(brokerFile)) return null;
  const db = new DatabaseSync(brokerFile, { readOnly: true, timeout: 5000 });
  try {
    return savedRows(db).witness;
  } catch {
    return null;
  } finally {
    db.close();
  }
}

type Names = ReadonlyMap<string, string>;

function verdictText(verdict: LogVerdict, names: Names): string {
  const { damaged, faults, packs, readings, setAside } = verdict;
  const size = `${packs} packs read, ${readings} readings compared`;
  const before = setAside.map((hole) => `  set aside before: ${holeWords(hole, names)}\n`).join('');
  if (verdict.verdict === 'sound') return `sound: ${size}\n${before}`;
  const spans = damaged.map((span) => `  ${spanWords(span, names)}\n`).join('');
  const other = faults.map((fault) => `  ${fault}\n`).join('');
  const what =
    'Stop the site, then: npx commonworks log repair SITE --from BACKUP (without a backup, leave --from out).\n' +
    'Replace the disk or card: it fails.\n';
  return `damaged: ${size}\n${spans}${other}${before}${what}`;
}

const REASONS: Record<DamagedSpan['reason'], string> = {
  body: 'their bytes were changed',
  row: 'what stands beside them was changed',
  page: 'they cannot be read',
  missing: 'they are gone',
};

function spanWords({ edge, fromSeq, toSeq, packs, reason, afterMs, beforeMs }: DamagedSpan, names: Names): string {
  const of = edge === null ? 'of an agent that cannot be told' : `of ${names.get(edge) ?? `edge ${edge}`}`;
  const numbers =
    fromSeq === null ? '' : fromSeq === toSeq ? `, number ${fromSeq}` : `, numbers ${fromSeq} to ${toSeq}`;
  const count = packs === 1 ? '1 pack' : `${packs} packs`;
  const times = [
    ...(afterMs === null ? [] : [`after ${utc(afterMs)}`]),
    ...(beforeMs === null ? [] : [`before ${utc(beforeMs)}`]),
  ];
  const when = times.length === 0 ? '' : `, came ${times.join(' and ')}`;
  return `${count} ${of}${numbers}: ${REASONS[reason]}${when}`;
}

function repairText({ before, stateDamaged, salvaged, filled, holes }: Repaired, names: Names): string {
  const first =
    salvaged === null
      ? `telemetry.db is sound: ${before.packs} packs\n`
      : `telemetry.db was written anew: ${salvaged.packs} packs are sound, ${salvaged.lost} were lost\n  the damaged file is kept: ${salvaged.kept}\n`;
  const from = filled.map(({ file, packs, foreign }) => {
    const others = foreign === 0 ? '' : ` (${foreign} of agents that this site does not know were left)`;
    return `  from ${file}: ${packs} packs that were missing${others}\n`;
  });
  const open = holes.filter(isOpen).map((hole) => `  still missing: ${holeWords(hole, names)}\n`);
  const left = filled.reduce((sum, { foreign }) => sum + foreign, 0);
  const last =
    open.length === 0 && left > 0
      ? `${left} packs were left out: their agents are not enrolled in this site. Else nothing is missing. Start the site.\n`
      : open.length === 0
        ? 'Nothing is missing. Start the site.\n'
        : 'Start the site: the agents are asked for what they still keep.\n';
  const state =
    stateDamaged === null ? '' : `broker.db was damaged and has been begun anew; it is kept: ${stateDamaged.kept}\n`;
  return `${state}${first}${from.join('')}${open.join('')}${last}`;
}

function isOpen({ packs, mended, declared }: LogState['holes'][number]): boolean {
  return packs - mended - declared > 0;
}

function holeWords({ edge, packs, asked, mended, declared, sinceMs }: LogState['holes'][number], names: Names): string {
  const of = edge === null ? 'an agent that cannot be told' : (names.get(edge) ?? `edge ${edge}`);
  const gone = packs - mended - asked - declared;
  const parts = [
    ...(mended > 0 ? [`${mended} came again`] : []),
    ...(asked > 0 ? [`${asked} are asked for`] : []),
    ...(declared > 0 ? [`${declared} the agent has no more`] : []),
    ...(gone > 0 ? [`${gone} cannot be asked for`] : []),
  ];
  return `${packs} packs of ${of} since ${utc(sinceMs)}: ${parts.join(', ')}`;
}

function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
