import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { wordCount } from '../read/raw-value.ts';
import { listProfiles, loadProfile } from './load.ts';

const folder = '../shared/data/sunspec/models';
const TYPES: Readonly<Record<string, string>> = {
  uint16: 'u16',
  int16: 's16',
  uint32: 'u32',
  int32: 's32',
  uint64: 'u64',
  int64: 's64',
  float32: 'f32',
  acc32: 'acc32',
  acc64: 'acc64',
  enum16: 'enum16',
};

type OfficialPoint = { name: string; type: string; size: number; sf?: string | number };

/** The official definition's points of a model by their offset from its ID. */
function officialPoints(model: number): Map<number, OfficialPoint> {
  const definition = JSON.parse(readFileSync(`${folder}/model_${model}.json`, 'utf8')) as {
    group: { points: OfficialPoint[] };
  };
  const points = new Map<number, OfficialPoint>();
  let offset = 0;
  for (const point of definition.group.points) {
    points.set(offset, point);
    offset += point.size;
  }
  return points;
}

const rules = listProfiles()
  .map((name) => loadProfile(name))
  .flatMap((profile) => (profile.kind === 'sunspec' ? Object.entries(profile.points) : []))
  .flatMap(([point, rule]) => rule.models.map((model) => ({ point, model, rule })));

describe('The SunSpec profiles', () => {
  it.skipIf(!existsSync(folder)).each(rules)(
    'read $point of model $model where the official definition has it, with its type and scale factor',
    ({ model, rule }) => {
      const points = officialPoints(model);
      const official = points.get(rule.offset);
      expect(TYPES[official?.type ?? '']).toBe(rule.type);
      expect(official?.size).toBe(wordCount(rule.type));
      const scale = rule.scaleOffset === undefined ? undefined : points.get(rule.scaleOffset);
      expect(scale?.name).toBe(official?.sf);
    },
  );
});
