/** The laser's relay: a Modbus board with one coil. It gives or withholds the machine's power, and keeps its state. */
import type { World } from '../world/world.ts';
import { EXCEPTION, type ModbusUnit } from './modbus-unit.ts';

export function createRelay(world: World, device: string): ModbusUnit {
  return {
    device,
    readMax: 1,
    coils: () => [world.isRelayOn()],
    writeCoil: (address, isOn) => {
      if (address !== 0) return EXCEPTION.address;
      world.setRelay(isOn);
      return null;
    },
  };
}
