/** `commonworks allocate`: shares the production of an interval file among its participants. */
import { formatKwh } from '@commonworks/core';
import { ALLOCATION_METHODS, type AllocationMethod } from '@commonworks/core/allocation/index.ts';
import { type Command, Option } from 'commander';
import { type AllocatedRows, allocateRows, type Totals } from '../allocate/allocate-rows.ts';
import { type IntervalRows, ROLES } from '../allocate/interval-rows.ts';
import { readIntervalRows } from '../allocate/read-interval-rows.ts';
import { readWeights } from '../allocate/read-weights.ts';
import { csvCell, writeWhole } from '../tables/write-whole.ts';

const LENGTHS_MS: Record<string, number> = { '5m': 300_000, '15m': 900_000, '30m': 1_800_000, '60m': 3_600_000 };

type AllocateFlags = {
  method: AllocationMethod;
  in: string;
  out: string;
  interval: string;
  missing: 'refuse' | 'exclude';
  weights?: string;
  keyVersion?: string;
  json?: true;
};

const HELP = `
Input   CSV with the header start,participant,role,kwh: ISO 8601 start with offset, consumer or producer, up to six decimals.
Output  the same rows in the same order, with offered_kwh, allocated_kwh, residual_kwh and surplus_kwh.
Exit    0 done, 1 the input cannot be allocated (the rows are named, nothing is written), 2 wrong usage.`;

export function register(program: Command): void {
  const command = program
    .command('allocate')
    .description('share the production of an interval file exactly, in whole mWh')
    .addOption(new Option('--method <method>', 'the key').choices([...ALLOCATION_METHODS]).makeOptionMandatory())
    .requiredOption('--in <file>', 'interval data, .csv or .csv.gz; - for standard input')
    .requiredOption('--out <file>', 'where the result goes; - for standard output')
    .addOption(
      new Option('--interval <length>', 'length of an interval').choices(Object.keys(LENGTHS_MS)).default('15m'),
    )
    .addOption(
      new Option('--missing <policy>', 'what to do when a participant has no row in an interval')
        .choices(['refuse', 'exclude'])
        .default('refuse'),
    )
    .option('--weights <file>', 'for --method fixed: CSV with the header participant,weight')
    .option('--key-version <text>', 'name of the key, which orders ties; default: the method')
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', HELP);
  command.action(async (flags: AllocateFlags) => {
    if ((flags.method === 'fixed') !== (flags.weights !== undefined)) {
      command.error('--weights belongs to --method fixed, which needs it', { exitCode: 2 });
    }
    await allocate(flags);
  });
}

async function allocate(flags: AllocateFlags): Promise<void> {
  const weights = flags.weights === undefined ? undefined : await readWeights(flags.weights);
  const rows = await readIntervalRows(flags.in, { lengthMs: LENGTHS_MS[flags.interval] ?? 0 });
  const result = allocateRows(rows, {
    file: flags.in,
    method: flags.method,
    keyVersion: flags.keyVersion ?? flags.method,
    missing: flags.missing,
    ...(weights === undefined ? {} : { weights }),
  });
  await writeWhole(flags.out, allocationLines(rows, result));
  const summary = flags.json ? JSON.stringify(summaryOf(result.totals)) : summaryText(result.totals);
  (flags.out === '-' ? process.stderr : process.stdout).write(`${summary}\n`);
}

function* allocationLines(rows: IntervalRows, result: AllocatedRows): Generator<string> {
  yield 'start,participant,role,kwh,offered_kwh,allocated_kwh,residual_kwh,surplus_kwh';
  const names = rows.names.map(csvCell);
  for (let i = 0; i < rows.mwh.length; i++) {
    const numbers = [rows.mwh[i], result.offered[i], result.allocated[i], result.residual[i], result.surplus[i]];
    const head = `${rows.starts[i]},${names[rows.participants[i] as number]},${ROLES[rows.roles[i] as number]}`;
    yield `${head},${numbers.map((mwh) => formatKwh(mwh ?? 0)).join()}`;
  }
}

function summaryOf(totals: Totals): Record<string, number | string> {
  const { producedMwh, consumedMwh, allocatedMwh, surplusMwh, ...counts } = totals;
  return {
    ...counts,
    producedKwh: formatKwh(producedMwh),
    consumedKwh: formatKwh(consumedMwh),
    allocatedKwh: formatKwh(allocatedMwh),
    surplusKwh: formatKwh(surplusMwh),
  };
}

function summaryText(totals: Totals): string {
  const { rows, intervals, consumers, producers, missingRows } = totals;
  const [produced, consumed, allocated, surplus] = [
    totals.producedMwh,
    totals.consumedMwh,
    totals.allocatedMwh,
    totals.surplusMwh,
  ].map(formatKwh);
  return [
    `${rows} rows, ${intervals} intervals, ${consumers} consumers, ${producers} producers${missingRows > 0 ? `, ${missingRows} rows missing and excluded` : ''}`,
    `produced ${produced} kWh = allocated ${allocated} + surplus ${surplus}; consumed ${consumed} kWh`,
  ].join('\n');
}
