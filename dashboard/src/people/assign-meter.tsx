/** Says which meter measures a point from now on; what was measured before stays where it was. */
import type { Device, MeteringPoint } from '@commonworks/core/api/index.ts';
import { intervalStart } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import { deviceKey } from '../operator/device-key.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import { DeviceChoice, deviceRef } from './device-choice.tsx';
import { wholeNumber, wholeNumberInput } from './whole-number.ts';

export type AssignMeterProps = {
  readonly points: readonly MeteringPoint[];
  readonly devices: readonly Device[];
  readonly onAssigned: () => void;
};

export function AssignMeter({ points, devices, onAssigned }: AssignMeterProps) {
  const { api, live, announce } = useApp();
  const [picked, setPoint] = useState('');
  const [chosen, setChosen] = useState('');
  const [modulus, setModulus] = useState('');
  const { isBusy, error, run } = useAction();
  // What was picked may be gone since: its owner left.
  const point = (points.find(({ id }) => id === picked) ?? points[0])?.id ?? '';
  const device = chosen === '' ? deviceKey(devices[0] ?? { edge: '', device: '' }) : chosen;
  const assign = (event: Event) => {
    event.preventDefault();
    const ref = deviceRef(device);
    if (ref === null) return;
    return run(async () => {
      // From the start of the running quarter hour, so that no interval is cut in two.
      const fromMs = intervalStart(live.nowMs());
      await api.assign(point, { ...ref, fromMs, registerModulusWh: wholeNumber(modulus) });
      announce(text.people.assigned(points.find(({ id }) => id === point)?.name ?? ''));
      onAssigned();
    });
  };
  if (devices.length === 0) return <p class="soft">{text.people.noDevices}</p>;
  return (
    <form class="stack" onSubmit={assign}>
      <Choice
        label={text.people.meteringPoints}
        value={point}
        options={points.map(({ id, name }) => [id, name])}
        choose={setPoint}
      />
      <DeviceChoice label={text.people.meter} devices={devices} value={device} choose={setChosen} />
      <TextField
        label={text.people.registerModulus}
        value={modulus}
        change={setModulus}
        input={wholeNumberInput({ min: 4, max: 12 })}
      />
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.people.assign}
      </button>
    </form>
  );
}
