/** Reads a DATEN_CRMSG message of the EDA platform (JSON, one metering point) into the form of a report. */
import { CodedError, zoneOffsetMs } from '@commonworks/core';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { openBytes, unreadable } from '../tables/open-text.ts';
import { createRowFaults, type RowFaults } from '../tables/row-faults.ts';
import type { Column, EdaInterval, EdaReport } from './eda-report.ts';
import { isoLocal } from './iso-local.ts';

const MESSAGE_BYTES_MAX = 64 << 20;
const VALUES_MAX = 1_000_000;

const Energy = Type.Object({
  data: Type.Array(
    Type.Object({
      meterCode: Type.String({ maxLength: 80 }),
      value: Type.Array(
        Type.Object({
          from: Type.Integer(),
          to: Type.Integer(),
          value: Type.Number(),
          method: Type.Optional(Type.String()),
        }),
        { maxItems: VALUES_MAX },
      ),
    }),
  ),
});

/** Older messages carry one energy object, newer ones a list of them. */
const Message = Type.Object({
  message: Type.Object({
    messageCode: Type.String(),
    meter: Type.Object({ meteringPoint: Type.String({ minLength: 1 }) }),
    energy: Type.Union([Energy, Type.Array(Energy)]),
  }),
});

/** By the last words of the OBIS code; `T` is the part that takes part in this community, and goes before the whole. */
const FIELDS = ['consumed', 'generated', 'offered', 'covered', 'surplus'] as const;
type MessageField = (typeof FIELDS)[number];
const CODES: Readonly<Record<string, readonly [MessageField, number]>> = {
  '1-1:1.9.0 G.01T': ['consumed', 2],
  '1-1:1.9.0 G.01': ['consumed', 1],
  '1-1:2.9.0 G.01T': ['generated', 2],
  '1-1:2.9.0 G.01': ['generated', 1],
  '1-1:2.9.0 G.02': ['offered', 1],
  '1-1:2.9.0 G.03': ['covered', 1],
  '1-1:2.9.0 P.01T': ['surplus', 2],
  '1-1:2.9.0 P.01': ['surplus', 1],
};

type Reading = {
  readonly faults: RowFaults;
  readonly values: Record<MessageField, Map<number, { mwh: number; rank: number }>>;
  readonly qualities: Record<string, number>;
};

/** @throws CodedError `cli.eda-invalid`, `cli.file-unreadable`. */
export async function readEdaMessage(file: string, options: { zone: string }): Promise<EdaReport> {
  const parsed = await readJson(file);
  if (!Value.Check(Message, parsed)) {
    const faults = [...Value.Errors(Message, parsed)]
      .slice(0, 5)
      .map((error) => `${error.instancePath || '/'}: ${error.message}`);
    throw new CodedError('cli.eda-invalid', `${file}: not a DATEN_CRMSG message: ${faults.join('; ')}`);
  }
  const reading: Reading = {
    faults: createRowFaults(),
    values: { consumed: new Map(), generated: new Map(), offered: new Map(), covered: new Map(), surplus: new Map() },
    qualities: {},
  };
  const { energy, meter } = parsed.message;
  for (const { data } of [energy].flat()) for (const series of data) readSeries(series, reading);
  reading.faults.throwIfAny('cli.eda-invalid', file);
  return reportOf(meter.meteringPoint, reading, options.zone);
}

async function readJson(file: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of openBytes(file)) {
      size += chunk.length;
      if (size > MESSAGE_BYTES_MAX)
        throw new CodedError('cli.eda-invalid', `${file}: more than ${MESSAGE_BYTES_MAX} bytes`);
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new CodedError('cli.eda-invalid', `${file}: not JSON: ${error.message}`, { cause: error });
    throw unreadable(file, error);
  }
}

type Series = { meterCode: string; value: { from: number; to: number; value: number; method?: string }[] };

function readSeries({ meterCode, value }: Series, { faults, values, qualities }: Reading): void {
  const [field, rank] = CODES[meterCode] ?? [];
  // Other codes (G.03R, the renewable part of the cover) are subsets of these.
  if (field === undefined || rank === undefined) return;
  for (const one of value) {
    const exact = one.value * 1e6;
    const mwh = Math.round(exact);
    const at = `${meterCode} at ${new Date(one.from).toISOString()}`;
    if (one.to - one.from !== 900_000) faults.add(null, `${at}: not a quarter hour`);
    if (one.value < 0 || Math.abs(exact - mwh) > 0.001)
      faults.add(null, `${at}: ${one.value} is no energy in whole mWh`);
    const known = values[field].get(one.from);
    if (known?.rank === rank) faults.add(null, `${at}: stands twice`);
    if (known === undefined || known.rank < rank) values[field].set(one.from, { mwh, rank });
    qualities[one.method ?? 'blank'] = (qualities[one.method ?? 'blank'] ?? 0) + 1;
  }
}

function reportOf(id: string, { values, qualities }: Reading, zone: string): EdaReport {
  const times = [...new Set(FIELDS.flatMap((field) => [...values[field].keys()]))].sort((a, b) => a - b);
  const column = (field: MessageField): Column => times.map((time) => values[field].get(time)?.mwh ?? null);
  const isConsumer = values.consumed.size > 0;
  const isProducer = values.generated.size > 0;
  return {
    intervals: times.map(
      (startMs): EdaInterval => ({
        startMs,
        start: isoLocal(startMs, zoneOffsetMs(startMs, zone)),
        line: 0,
        source: 0,
      }),
    ),
    consumers: isConsumer
      ? [{ id, consumed: column('consumed'), offered: column('offered'), covered: column('covered') }]
      : [],
    producers: isProducer ? [{ id, generated: column('generated'), surplus: column('surplus') }] : [],
    sources: [],
    silentConsumers: [],
    silentProducers: [],
    qualities,
  };
}
