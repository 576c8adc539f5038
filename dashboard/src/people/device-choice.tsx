/** Chooses a device that some agent reads; the value is `edge/device`. */
import type { Device } from '@commonworks/core/api/index.ts';
import { deviceKey } from '../operator/device-key.ts';
import { text } from '../text/text.ts';
import { Choice } from '../ui/field.tsx';

export type DeviceRef = { readonly edge: string; readonly device: string };
export type DeviceChoiceProps = {
  readonly label: string;
  readonly devices: readonly Device[];
  readonly value: string;
  readonly choose: (value: string) => void;
  /** Offers "none" as well. */
  readonly isOptional?: boolean;
};

export function DeviceChoice({ label, devices, value, choose, isOptional = false }: DeviceChoiceProps) {
  const options = devices.map(
    (each) => [deviceKey(each), `${each.title} (${each.edgeName} / ${each.device})`] as const,
  );
  return (
    <Choice
      label={label}
      value={value}
      options={isOptional ? [['', text.people.none], ...options] : options}
      choose={choose}
    />
  );
}

/** Edge ids and device names hold no slash. */
export function deviceRef(value: string): DeviceRef | null {
  const [edge, device] = value.split('/');
  return edge === undefined || device === undefined ? null : { edge, device };
}
