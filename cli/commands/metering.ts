/** `commonworks metering`: what an operator asks when a figure looks odd: what the engine makes of a meter's readings. */
import { mwhFromWh, QUARTER_HOUR_MS } from '@commonworks/core';
import type { GapMethod } from '@commonworks/core/metering/index.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type DerivedFile, deriveFile } from '../metering/derive-file.ts';
import { readRegisterRows } from '../metering/read-register-rows.ts';

const LENGTHS_MS: Record<string, number> = {
  '5m': 300_000,
  '15m': QUARTER_HOUR_MS,
  '30m': 1_800_000,
  '60m': 3_600_000,
};
const GAPS = ['flat', 'unplaced'] as const satisfies GapMethod[];

type DeriveFlags = {
  in: string;
  interval: string;
  gaps: (typeof GAPS)[number];
  ratedPower?: number;
  modulus?: number;
  arrival?: true;
  json?: true;
};

const HELP = `
Input   CSV with the header time,register_wh[,power_w][,serial]: time as ISO 8601 with offset, or as seconds since 1970;
        register and power in Wh and W, a blank cell where nothing was read; lines that begin with # are passed over.
Output  for each interval its Wh, quality, how it was estimated and what the register did; then the account:
        end - start of the register = booked + unplaced.
Exit    0 done, 1 the input cannot be read (the rows are named), 2 wrong usage.`;

export function register(program: Command): void {
  program
    .command('metering')
    .description("what becomes of a meter's readings")
    .command('derive')
    .description('derive interval energy from a file of readings, as a site does')
    .requiredOption('--in <file>', 'readings, .csv or .csv.gz; - for standard input')
    .option('--rated-power <W>', 'the most that can flow at this point', positive)
    .option('--modulus <Wh>', 'where the register wraps', positive)
    .addOption(
      new Option('--interval <length>', 'length of an interval').choices(Object.keys(LENGTHS_MS)).default('15m'),
    )
    .addOption(new Option('--gaps <method>', 'how the energy of a gap is placed').choices([...GAPS]).default('flat'))
    .option('--arrival', 'feed row by row in the order of the file, as a server gets them; the answer is the same')
    .option('--json', 'print as JSON')
    .addHelpText('after', HELP)
    .action(async (flags: DeriveFlags) => {
      const rows = await readRegisterRows(flags.in);
      const { ratedPower, modulus, gaps } = flags;
      const { answer, unknownSteps } = await deriveFile(rows, {
        rules: {
          facts: { refreshMs: QUARTER_HOUR_MS, ...(ratedPower !== undefined && { ratedPowerW: ratedPower }) },
          lengthMs: LENGTHS_MS[flags.interval] ?? QUARTER_HOUR_MS,
          gapRule: () => ({ method: gaps }),
        },
        modulusMwh: modulus === undefined ? null : mwhFromWh(modulus),
        isArrival: flags.arrival === true,
      });
      process.stdout.write(flags.json ? `${JSON.stringify(answer)}\n` : textOf(answer, unknownSteps));
    });
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < 1e15)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

function textOf({ intervals, account }: DerivedFile, unknownSteps: number): string {
  const head = ['start', 'Wh', 'quality', 'method', 'judgement'];
  const rows = intervals.map(({ start, wh, quality, method, judgement }) => [
    ...[String(start), wh === null ? '-' : wh.toFixed(3), quality, method ?? '', judgement ?? ''],
  ]);
  const widths = head.map((title, i) => rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), title.length));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 1 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${[line(head), ...rows.map(line), '', accountText(account), ...unknownText(unknownSteps)].join('\n')}\n`;
}

function accountText({ start_wh, end_wh, booked_wh, unplaced_wh }: DerivedFile['account']): string {
  if (start_wh === null || end_wh === null) return 'No reading can be believed: nothing is booked.';
  const [start, end, booked, unplaced] = [start_wh, end_wh, booked_wh, unplaced_wh].map((wh) => wh.toFixed(3));
  return `register ${start} to ${end} Wh: booked ${booked} Wh in intervals, ${unplaced} Wh stand in none`;
}

function unknownText(steps: number): string[] {
  if (steps === 0) return [];
  const places = steps === 1 ? 'one step' : `${steps} steps`;
  return [`and ${places} of the register across which nobody knows what flowed: an exchange, or a jump`];
}
