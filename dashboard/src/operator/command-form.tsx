/** A command to a device: what, how much, why, for how long; then its life is watched below. */

import type { CommandRecord, Device } from '@commonworks/core/api/index.ts';
import type { CommandKind } from '@commonworks/core/commands.ts';
import { useState } from 'preact/hooks';
import { type ApiError, clientError, toApiError } from '../api/api-error.ts';
import { idempotencyKey } from '../api/idempotency-key.ts';
import { deviceKey } from '../pages/operator-page.tsx';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Field } from '../ui/field.tsx';
import { Icon } from '../ui/icons.tsx';
import { Refusal } from '../ui/states.tsx';
import { CommandLife } from './command-life.tsx';
import { CommandValue } from './command-value.tsx';

const DURATIONS = [
  [60, text.operator.durations.s60],
  [900, text.operator.durations.s900],
  [3600, text.operator.durations.s3600],
  [14_400, text.operator.durations.s14400],
] as const;
const REASON_MIN = 3;

export function CommandForm({ devices }: { devices: readonly Device[] }) {
  const able = devices.filter(({ commands }) => commands.length > 0);
  return (
    <section class="card">
      <h2>{text.operator.commandTitle}</h2>
      {able.length === 0 ? <p class="soft">{text.operator.commandEmpty}</p> : <Form devices={able} />}
    </section>
  );
}

function Form({ devices }: { devices: readonly Device[] }) {
  const { api, live } = useApp();
  const [key, setKey] = useState(deviceKey(devices[0] ?? { edge: '', device: '' }));
  const device = devices.find((each) => deviceKey(each) === key) ?? devices[0];
  const [wantedKind, setKind] = useState<CommandKind | null>(null);
  const kind = device?.commands.find((each) => each === wantedKind) ?? device?.commands[0];
  const [limitPct, setLimit] = useState(50);
  const [isOn, setOn] = useState(true);
  const [reason, setReason] = useState('');
  const [seconds, setSeconds] = useState(900);
  const [sent, setSent] = useState<CommandRecord>();
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  if (device === undefined || kind === undefined) return null;

  const send = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    setSent(undefined);
    const value = kind === 'setPowerLimitPct' ? limitPct : kind === 'setRelay' ? Number(isOn) : null;
    const body = { edge: device.edge, device: device.device, kind, value, reason: reason.trim(), seconds };
    try {
      if (body.reason.length < REASON_MIN) throw clientError('dashboard.reason-missing', 0);
      setSent(await api.command(body, idempotencyKey()));
    } catch (cause) {
      setError(toApiError(cause));
    } finally {
      setBusy(false);
    }
  };
  const command = sent === undefined ? undefined : (live.commands.value.get(sent.id) ?? sent);
  return (
    <form class="stack" onSubmit={send}>
      <Choice
        label={text.operator.device}
        value={key}
        options={devices.map((each) => [deviceKey(each), each.title])}
        choose={setKey}
      />
      <Choice
        label={text.operator.what}
        value={kind}
        options={device.commands.map((each) => [each, text.operator.kinds[each]])}
        choose={(next) => setKind(device.commands.find((each) => each === next) ?? null)}
      />
      <CommandValue kind={kind} limitPct={limitPct} setLimit={setLimit} isOn={isOn} setOn={setOn} />
      <Field label={text.operator.why}>
        {(id) => (
          <input
            id={id}
            required
            minLength={REASON_MIN}
            maxLength={200}
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        )}
      </Field>
      <Choice
        label={text.operator.howLong}
        value={String(seconds)}
        options={DURATIONS.map(([value, label]) => [String(value), label])}
        choose={(next) => setSeconds(Number(next))}
      />
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

type ChoiceProps = {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [string, string])[];
  readonly choose: (value: string) => void;
};

function Choice({ label, value, options, choose }: ChoiceProps) {
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} value={value} onChange={(event) => choose(event.currentTarget.value)}>
          {options.map(([each, title]) => (
            <option key={each} value={each}>
              {title}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
