/** A relay on a coil. Released means off: software only ever withholds permission. */
import type { Bus } from '../bus/bus.ts';
import type { Setting } from './setting.ts';

export function createRelay(options: { bus: Bus; unit: number; coil: number }): Setting {
  const { bus, unit, coil } = options;
  const write = (isOn: boolean) => bus.exchange(unit, (client) => client.writeCoil(unit, coil, isOn), true);
  return {
    kinds: ['setRelay'],
    min: 0,
    max: 1,
    rest: 0,
    revertS: null,
    isVolatile: true,
    set: (value) => write(value === 1),
    release: () => write(false),
    observe: () => bus.exchange(unit, async (client) => ((await client.readCoil(unit, coil)) ? 1 : 0), true),
  };
}
