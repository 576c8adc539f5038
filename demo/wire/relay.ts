/** A relay: a Modbus board with one coil. It gives or withholds a machine's power, and keeps its state. */
import type { RelayName } from '../world/cast.ts';
import type { World } from '../world/world.ts';
import { EXCEPTION, type ModbusUnit } from './modbus-unit.ts';

export function createRelay(world: World, device: RelayName): ModbusUnit {
  return {
    device,
    readMax: 1,
    coils: () => [world.isRelayOn(device)],
    writeCoil: (address, isOn) => {
      if (address !== 0) return EXCEPTION.address;
      world.setRelay(device, isOn);
      return null;
    },
  };
}
