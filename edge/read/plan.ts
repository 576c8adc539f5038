/** From a profile to what is asked on the wire, and how each point comes out of the answers. */
import { CodedError, isPointName, type PointName } from '@commonworks/core';
import type { ModbusProfile, SunspecProfile } from '../profile/schema.ts';
import { coalesce, type RequestSpan, type WantedSpan } from './coalesce.ts';
import { MISSING, pointReading, type Reading } from './point-value.ts';
import { type RawRule, rawNumber, SUNSPEC_SENTINELS, wordCount } from './raw-value.ts';
import type { ModelPlace } from './sunspec-chain.ts';

/** Words of one table by address; undefined where nothing was read. */
export type WordsAt = (table: string, address: number, count: number) => readonly number[] | undefined;

export type ReadPlan = {
  readonly requests: readonly RequestSpan[];
  readonly decoders: readonly { readonly point: PointName; readonly decode: (words: WordsAt) => Reading }[];
};

type Part = { readonly span: WantedSpan; readonly decoder: ReadPlan['decoders'][number] };

export function planModbus(profile: ModbusProfile): ReadPlan {
  const parts: Part[] = [];
  for (const [point, rule] of Object.entries(profile.points)) {
    if (!isPointName(point)) continue;
    const { table, address } = rule;
    const count = rule.table === 'coil' ? 1 : wordCount(rule.type);
    const decode = (words: WordsAt): Reading => {
      const found = words(table, address, count);
      if (found === undefined) return MISSING;
      if (rule.table === 'coil') return { value: found[0] === 1 ? 1 : 0, quality: 'good' };
      return pointReading(point, rawNumber(found, rule), rule);
    };
    parts.push({ span: { table, start: address, end: address + count }, decoder: { point, decode } });
  }
  return finish(parts, profile.bus);
}

/** @throws CodedError `edge.sunspec-model-absent` when the device has none of the profile's models. */
export function planSunspec(profile: SunspecProfile, places: readonly ModelPlace[]): ReadPlan {
  const parts: Part[] = [];
  for (const [point, rule] of Object.entries(profile.points)) {
    if (!isPointName(point)) continue;
    const place = choosePlace(rule.models, places);
    if (place === undefined) continue;
    const part = sunspecPart(point, rule, place);
    // A model may be shorter than the standard's: what lies beyond its stated length is not there.
    if (part.span.end <= place.address + place.length) parts.push(part);
  }
  if (parts.length === 0) {
    const has = places.map((place) => place.model).join(', ');
    throw new CodedError('edge.sunspec-model-absent', `${profile.profile}: the device has models ${has} only`);
  }
  return finish(parts, profile.bus);
}

function choosePlace(models: readonly number[], places: readonly ModelPlace[]): ModelPlace | undefined {
  for (const model of models) {
    const place = places.find((candidate) => candidate.model === model);
    if (place !== undefined) return place;
  }
  return undefined;
}

function sunspecPart(point: PointName, rule: SunspecProfile['points'][string], place: ModelPlace): Part {
  const count = wordCount(rule.type);
  const raw: RawRule = { type: rule.type, sentinels: rule.sentinels ?? SUNSPEC_SENTINELS[rule.type] };
  const { scaleOffset, enabledBy } = rule;
  const at = (offset: number) => place.address + offset;
  const decode = (words: WordsAt): Reading => {
    if (enabledBy !== undefined && words('holding', at(enabledBy.offset), 1)?.[0] !== 1) {
      return { value: enabledBy.otherwise, quality: 'good' };
    }
    const found = words('holding', at(rule.offset), count);
    if (found === undefined) return MISSING;
    const exponent = scaleOffset === undefined ? 0 : scaleFactor(words('holding', at(scaleOffset), 1));
    return exponent === null ? MISSING : pointReading(point, rawNumber(found, raw), rule, exponent);
  };
  const offsets = [rule.offset, ...[scaleOffset, enabledBy?.offset].filter((offset) => offset !== undefined)];
  const start = at(Math.min(...offsets));
  const end = Math.max(at(rule.offset) + count, at(Math.max(...offsets)) + 1);
  return { span: { table: 'holding', start, end }, decoder: { point, decode } };
}

/** -10..10; 0x8000 says that there is none, and a value without its scale factor is no value. */
export function scaleFactor(words: readonly number[] | undefined): number | null {
  const factor = words === undefined ? null : rawNumber(words, { type: 's16', sentinels: ['0x8000'] });
  return factor === null || Math.abs(factor) > 10 ? null : factor;
}

function finish(parts: readonly Part[], limits: { registersMax: number; gapMax: number }): ReadPlan {
  return {
    requests: coalesce(
      parts.map((part) => part.span),
      limits,
    ),
    decoders: parts.map((part) => part.decoder),
  };
}
