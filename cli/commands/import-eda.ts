/** `commonworks import eda`: reads what the Austrian EDA platform delivers, and holds our allocation against the operator's. */
import { CodedError, zoneFault } from '@commonworks/core';
import type { Command } from 'commander';
import { type Comparison, compareReport } from '../eda/compare-report.ts';
import type { EdaReport } from '../eda/eda-report.ts';
import { intervalLines } from '../eda/interval-lines.ts';
import { isLearnedFrom, learnGroups } from '../eda/learn-groups.ts';
import { readEdaMessage } from '../eda/read-eda-message.ts';
import { readEdaReport } from '../eda/read-eda-report.ts';
import { describeComparison, describeReport } from '../eda/report-text.ts';
import { groupLines, groupLookup, oneGroup, readGroups } from '../eda/sharing-groups.ts';
import { writeWhole } from '../tables/write-whole.ts';

/** Names our key where ties are ordered; the operator's rule is pro rata. */
const KEY_VERSION = 'pro-rata';

type ImportFlags = { zone: string; out?: string; compare: boolean; groups?: string; learnGroups?: string; json?: true };

const HELP = `
FILE is an energy data report (.csv or .csv.gz, separated by semicolons, local time) or a DATEN_CRMSG message (.json).
Agreement, and every cause in the table, is explained in docs/import-eda.md.`;

export function register(program: Command): void {
  const known = program.commands.find((command) => command.name() === 'import');
  const parent = known ?? program.command('import').description('read what others have measured');
  const command = parent
    .command('eda')
    .description('read an Austrian community file of the EDA platform and compare allocations')
    .argument('<file>', 'report or message')
    .option('--zone <zone>', 'zone of the local stamps', 'Europe/Vienna')
    .option('--out <file>', 'write the measured values as a table for `allocate`; - for standard output')
    .option('--compare', "allocate and compare with the operator's result", true)
    .option('--no-compare', 'only read')
    .option('--groups <file>', 'who shares with whom: CSV with the header participant,group,from,until')
    .option('--learn-groups <file>', 'find the groups from one quarter hour in eight, write them, compare all others')
    .option('--json', 'print JSON')
    .addHelpText('after', HELP)
    .action(async (file: string, flags: ImportFlags) => {
      if (flags.groups !== undefined && flags.learnGroups !== undefined) {
        command.error('--groups and --learn-groups exclude each other', { exitCode: 2 });
      }
      const fault = zoneFault(flags.zone);
      if (fault !== null) command.error(fault, { exitCode: 2 });
      await importEda(file, flags);
    });
}

async function importEda(file: string, flags: ImportFlags): Promise<void> {
  const isMessage = /\.json(\.gz)?$/.test(file);
  const report = await (isMessage ? readEdaMessage : readEdaReport)(file, { zone: flags.zone });
  if (report.intervals.length === 0) throw new CodedError('cli.eda-invalid', `${file}: there is no interval in it`);
  const canCompare = report.consumers.length > 0 && report.producers.length > 0;
  const comparison = flags.compare && canCompare ? await compare(report, flags) : null;
  if (flags.out !== undefined) await writeWhole(flags.out, intervalLines(report));
  const text = flags.json
    ? JSON.stringify(jsonOf(report, comparison))
    : textOf(report, { comparison, isWanted: flags.compare });
  (flags.out === '-' ? process.stderr : process.stdout).write(`${text}\n`);
}

async function compare(report: EdaReport, flags: ImportFlags): Promise<Comparison> {
  if (flags.learnGroups !== undefined) {
    const spells = learnGroups(report);
    await writeWhole(flags.learnGroups, groupLines(spells, flags.zone));
    const accept = (i: number): boolean => !isLearnedFrom(report.intervals[i]?.start ?? '');
    return compareReport(report, { keyVersion: KEY_VERSION, groupOf: groupLookup(spells), accept });
  }
  const groupOf = flags.groups === undefined ? oneGroup : groupLookup(await readGroups(flags.groups, flags.zone));
  return compareReport(report, { keyVersion: KEY_VERSION, groupOf });
}

function textOf(
  report: EdaReport,
  { comparison, isWanted }: { comparison: Comparison | null; isWanted: boolean },
): string {
  const parts = [describeReport(report)];
  if (comparison !== null) parts.push(describeComparison(comparison));
  else if (isWanted) parts.push('nothing to compare: an allocation needs consumers and producers in one file');
  return parts.join('\n\n');
}

function jsonOf(report: EdaReport, comparison: Comparison | null): Record<string, unknown> {
  const { intervals, consumers, producers, ...facts } = report;
  return {
    ...facts,
    intervals: intervals.length,
    from: intervals[0]?.start,
    to: intervals.at(-1)?.start,
    consumers: consumers.map((one) => one.id),
    producers: producers.map((one) => one.id),
    comparison,
  };
}
