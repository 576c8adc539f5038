/** How much: a percentage for a limit, on or off for a relay, nothing for lifting a limit. */
import type { CommandKind } from '@commonworks/core/commands.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Field } from '../ui/field.tsx';

export type CommandValueProps = {
  readonly kind: CommandKind;
  readonly limitPct: number;
  readonly setLimit: (pct: number) => void;
  readonly isOn: boolean;
  readonly setOn: (isOn: boolean) => void;
};

export function CommandValue({ kind, limitPct, setLimit, isOn, setOn }: CommandValueProps) {
  const { format } = useApp();
  if (kind === 'clearPowerLimit') return null;
  if (kind === 'setRelay') {
    return (
      <div class="field">
        <span class="label">{text.operator.relay}</span>
        <fieldset class="segments" aria-label={text.operator.relay}>
          <button type="button" aria-pressed={isOn} onClick={() => setOn(true)}>
            {text.operator.relayOn}
          </button>
          <button type="button" aria-pressed={!isOn} onClick={() => setOn(false)}>
            {text.operator.relayOff}
          </button>
        </fieldset>
      </div>
    );
  }
  return (
    <Field label={`${text.operator.limit}: ${format.number(limitPct)} %`}>
      {(id) => (
        <input
          id={id}
          type="range"
          min="0"
          max="100"
          step="5"
          value={limitPct}
          onInput={(event) => setLimit(Number(event.currentTarget.value))}
        />
      )}
    </Field>
  );
}
