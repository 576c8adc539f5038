/** A command to a device: what, how much, why, for how long; then its life is watched below. */

import type { Device } from '@commonworks/core/api/index.ts';
import type { CommandKind } from '@commonworks/core/commands.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Icon } from '../ui/icons.tsx';
import { Refusal } from '../ui/states.tsx';
import { CommandLife } from './command-life.tsx';
import { CommandValue } from './command-value.tsx';
import { deviceKey } from './device-key.ts';
import { REASON_MIN, useCommand } from './use-command.ts';

const DURATIONS = [
  ['60', text.operator.durations.s60],
  ['900', text.operator.durations.s900],
  ['3600', text.operator.durations.s3600],
  ['14400', text.operator.durations.s14400],
] as const;

export function CommandForm({ devices }: { devices: readonly Device[] }) {
  const able = devices.filter(({ commands }) => commands.length > 0);
  const [key, setKey] = useState<string | null>(null);
  const device = able.find((each) => deviceKey(each) === key) ?? able[0];
  return (
    <section class="card">
      <h2>{text.operator.commandTitle}</h2>
      {device === undefined ? (
        <p class="soft">{text.operator.commandEmpty}</p>
      ) : (
        <>
          <Choice
            label={text.operator.device}
            value={deviceKey(device)}
            options={able.map((each) => [deviceKey(each), each.title])}
            choose={setKey}
          />
          <DeviceCommand key={deviceKey(device)} device={device} />
        </>
      )}
    </section>
  );
}

function DeviceCommand({ device }: { device: Device }) {
  const { format } = useApp();
  const [wantedKind, setKind] = useState<CommandKind | null>(null);
  const [limitPct, setLimit] = useState(50);
  const [isOn, setOn] = useState(true);
  const [reason, setReason] = useState('');
  const [seconds, setSeconds] = useState('900');
  const { command, error, isBusy, send } = useCommand();
  const kind = device.commands.find((each) => each === wantedKind) ?? device.commands[0];
  if (kind === undefined) return null;
  const submit = (event: Event) => {
    event.preventDefault();
    const value = kind === 'setPowerLimitPct' ? limitPct : kind === 'setRelay' ? Number(isOn) : null;
    const target = { edge: device.edge, device: device.device, kind, value };
    return send({ ...target, reason: reason.trim(), seconds: Number(seconds) });
  };
  return (
    <form class="stack" onSubmit={submit} lang={format.locale}>
      <Choice
        label={text.operator.what}
        value={kind}
        options={device.commands.map((each) => [each, text.operator.kinds[each]])}
        choose={(next) => setKind(device.commands.find((each) => each === next) ?? null)}
      />
      <CommandValue kind={kind} limitPct={limitPct} setLimit={setLimit} isOn={isOn} setOn={setOn} />
      <TextField
        label={text.operator.why}
        value={reason}
        change={setReason}
        input={{ minLength: REASON_MIN, maxLength: 200 }}
      />
      <Choice label={text.operator.howLong} value={seconds} options={DURATIONS} choose={setSeconds} />
      <p class="small soft">{text.operator.lease}</p>
      <Refusal error={error} />
      <button type="submit" class="button is-main is-large" disabled={isBusy}>
        <Icon name="send" />
        {isBusy ? text.operator.sending : text.operator.send}
      </button>
      {command !== undefined && <CommandLife command={command} />}
    </form>
  );
}
