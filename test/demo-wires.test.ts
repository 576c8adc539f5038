/** The wires read by pymodbus, a client written by others: it must see what the oracle says the wires show. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { DEMO_WIRES } from '../demo/site/demo-config.ts';
import { createFaults } from '../demo/wire/faults.ts';
import { type DemoPorts, GRID_UNIT, HOME_UNIT_FIRST, LINE_HOMES, openWires, oracle } from '../demo/wires.ts';
import { createWorld } from '../demo/world/world.ts';

const CLIENT = fileURLToPath(new URL('demo-peers/wire-client.py', import.meta.url));
const NOON = Date.UTC(2026, 9, 20, 10);

const anyPorts = Object.fromEntries(DEMO_WIRES.map((wire) => [wire, 0])) as DemoPorts;

async function open() {
  const world = createWorld({ seed: 11, startMs: NOON - 86_400_000, zone: 'Europe/Vienna' });
  world.advanceTo(NOON);
  const faults = createFaults();
  const never = () => {};
  const wires = await openWires(world, {
    ...{ host: '127.0.0.1', ports: anyPorts, seed: 11, faults },
    sync: never,
    onControl: never,
  });
  onTestFinished(() => wires.close());
  return { world, wires, faults };
}

it('shows an independent client the registers of the oracle, and takes its commands', async () => {
  const { world, wires } = await open();
  const units = {
    'grid-1': GRID_UNIT,
    ...Object.fromEntries(LINE_HOMES.map(({ home }, n) => [home, HOME_UNIT_FIRST + n])),
  };
  const before = oracle(world);
  // Decides the powers of this very instant, as the client's own first command will.
  world.setRelay('laser-1-relay', true);
  const powerW = -world.powerMw('pv-1') / 1000;
  const { stdout } = await promisify(execFile)(
    '/usr/bin/python3',
    [CLIENT, JSON.stringify(wires.ports), JSON.stringify(units)],
    { timeout: 120_000 },
  );
  const seen = JSON.parse(stdout);
  expect(Object.keys(seen.meters)).toHaveLength(11);
  for (const [device, meter] of Object.entries<Record<string, number>>(seen.meters)) {
    expect(Math.round((meter['importKwh'] ?? Number.NaN) * 1e6), device).toBe(before[device]?.importedMwh);
    expect(Math.round((meter['exportKwh'] ?? Number.NaN) * 1e6), device).toBe(before[device]?.exportedMwh);
    expect(meter['voltage']).toBeGreaterThan(207);
    expect(meter['voltage']).toBeLessThan(253);
    expect(Math.abs((meter['frequency'] ?? 0) - 50)).toBeLessThan(0.2);
  }
  expect(seen.meters['grid-1'].totalW).toBeCloseTo(world.powerMw('grid-1') / 1000, -4);
  expect(seen.inverterModels).toEqual([1, 103, 120, 123]);
  expect(seen.batteryModels).toEqual([1, 701, 713]);
  expect(seen.maker).toBe('Sonnenhof Demo');
  expect(seen.pvWh * 1000).toBe(before['pv-1']?.exportedMwh);
  expect(Math.abs(seen.pvW - powerW)).toBeLessThanOrEqual(5);
  expect(seen.chargedWh * 1000).toBe(before['bat-1']?.importedMwh);
  expect(seen.dischargedWh * 1000).toBe(before['bat-1']?.exportedMwh);
  expect(seen.socPct).toBeCloseTo(world.socPct(), 1);
  expect(seen).toMatchObject({ limitPct: 12.5, isLimited: true, relayBefore: true, relayAfter: false });
  expect(seen).toMatchObject({ oddCoil: 2, refused: 2, tooMuch: 3, strangerUnit: 11 });
  expect(world.pvLimit()).toMatchObject({ pct: 12.5, isEnabled: true, revertS: 300, revertAtMs: NOON + 300_000 });
  expect(world.isRelayOn('laser-1-relay')).toBe(false);
});
