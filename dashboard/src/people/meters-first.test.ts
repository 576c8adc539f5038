/** Who looks for a meter is offered meters first, and a free one before one in use. */
import type { Device, MeteringPoint } from '@commonworks/core/api/index.ts';
import { expect, it } from 'vitest';
import { metersFirst } from './meters-first.ts';

const device = (name: string, ...values: string[]): Device => ({
  ...{ edge: 'e', edgeName: 'Edge', device: name, title: name, profile: '', state: 'online', reason: '' },
  ...{ lastSeenMs: null, isStale: false, quality: 'good', commands: [], backlog: 0 },
  values: values.map((point) => ({ point, title: point, unit: '', value: 1, quality: 'good', timeMs: 0 })),
});
const point = (of: string, toMs: number | null): MeteringPoint => ({
  ...{ id: of, name: of, role: 'consumer', member: null, ratedPowerW: null },
  assignments: [{ edge: 'e', device: of, fromMs: 0, toMs, registerModulusWh: null }],
});

it('offers free meters, then meters in use, then badge readers and machines', () => {
  const devices = [
    device('badge'),
    device('taken', 'importedWh'),
    device('mill', 'state'),
    device('free', 'exportedWh'),
  ];
  const names = (points: MeteringPoint[]) => metersFirst(devices, points).map((one) => one.device);
  expect(names([point('taken', null)])).toEqual(['free', 'taken', 'badge', 'mill']);
  expect(names([point('taken', 5)])).toEqual(['taken', 'free', 'badge', 'mill']);
});
