/** A new machine: what tells its activity, which meter counts it, what an hour costs. */
import type { Device, Machine } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { deviceKey } from '../operator/device-key.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import { DeviceChoice, deviceRef } from './device-choice.tsx';
import { metersFirst } from './meters-first.ts';

const KINDS = ['laser', 'cnc', 'printer', 'other'] as const satisfies Machine['kind'][];

export function AddMachine({ devices }: { devices: readonly Device[] }) {
  const { api, announce } = useApp();
  const [name, setName] = useState('');
  const [kind, setKind] = useState<Machine['kind']>('laser');
  const [activity, setActivity] = useState('');
  const [meter, setMeter] = useState('');
  const [pricePerHour, setPrice] = useState('');
  const { isBusy, error, run } = useAction();
  const teller = activity === '' ? deviceKey(devices[0] ?? { edge: '', device: '' }) : activity;
  const add = (event: Event) => {
    event.preventDefault();
    const ref = deviceRef(teller);
    if (ref === null) return;
    return run(async () => {
      const of = { activity: ref, meter: deviceRef(meter), relay: null };
      await api.addMachine({ name: name.trim(), kind, ...of, pricePerHour });
      announce(text.people.machineAdded(name.trim()));
      setName('');
    });
  };
  if (devices.length === 0) return <p class="soft">{text.people.noDevices}</p>;
  return (
    <form class="stack" onSubmit={add}>
      <TextField label={text.people.machineName} value={name} change={setName} input={{ maxLength: 120 }} />
      <Choice
        label={text.people.machineKind}
        value={kind}
        options={KINDS.map((each) => [each, text.machines.kinds[each]])}
        choose={(next) => setKind(KINDS.find((each) => each === next) ?? 'other')}
      />
      <DeviceChoice label={text.people.tellsActivity} devices={devices} value={teller} choose={setActivity} />
      <DeviceChoice
        label={text.people.machineMeter}
        devices={metersFirst(devices)}
        value={meter}
        choose={setMeter}
        isOptional
      />
      <TextField
        label={text.people.pricePerHour}
        value={pricePerHour}
        change={setPrice}
        input={{ inputMode: 'decimal', pattern: '\\d{1,9}(\\.\\d{1,6})?' }}
      />
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.people.addMachine}
      </button>
    </form>
  );
}
