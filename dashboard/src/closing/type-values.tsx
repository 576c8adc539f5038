/** A treasurer types a value for a gap: a total, how it is spread, and why; suggestions say what they rest on. */
import type { RegisterReadiness, SubstituteSuggestion } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { parseTypedKwh, TYPED_KWH } from '../format/parse-kwh.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Icon } from '../ui/icons.tsx';
import { Refusal } from '../ui/states.tsx';
import type { RegisterProps } from './month-quality.tsx';
import { REASON } from './reason-form.tsx';
import { registerName } from './register-words.ts';

type Spread = SubstituteSuggestion['spread'];
const SPREADS = ['flat', 'day-before', 'load-curve'] as const satisfies Spread[];

export function TypeValues(props: RegisterProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="chevron" size={16} />
        {text.closing.offer}
      </summary>
      {isOpen && <ValuesForm {...props} />}
    </details>
  );
}

function ValuesForm({ register, onChanged }: RegisterProps) {
  const { api, announce } = useApp();
  const [chosen, setChosen] = useState('0');
  const [energy, setEnergy] = useState('');
  const [spread, setSpread] = useState<Spread>('day-before');
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const gap = register.missingSpans[Number(chosen)] ?? register.missingSpans[0];
  const take = (suggestion: SubstituteSuggestion) => {
    setEnergy(String(suggestion.energyMwh / 1_000_000));
    setSpread(suggestion.spread);
  };
  const record = (event: Event) => {
    event.preventDefault();
    const energyMwh = parseTypedKwh(energy);
    if (gap === undefined || energyMwh === null) return;
    return run(async () => {
      const { fromMs, toMs } = gap;
      const value = { energyMwh, spread };
      await api.typeValues(register.point, { register: register.register, fromMs, toMs, value, reason: reason.trim() });
      announce(text.closing.typed(registerName(register)));
      onChanged();
    });
  };
  return (
    <form class="stack" onSubmit={record}>
      <GapChoice register={register} chosen={chosen} choose={setChosen} />
      {gap !== undefined && <Suggestions register={register} gap={gap} take={take} />}
      <TextField
        label={text.closing.energy}
        value={energy}
        change={setEnergy}
        input={{ ...TYPED_KWH, title: text.closing.kwhWrong }}
      />
      <Choice
        label={text.closing.spread}
        value={spread}
        options={SPREADS.map((each) => [each, text.closing.spreads[each]])}
        choose={(next) => setSpread(SPREADS.find((each) => each === next) ?? 'flat')}
      />
      <TextField label={text.closing.reason} value={reason} change={setReason} input={REASON} />
      <Refusal error={error} />
      <div>
        <button type="submit" class="button is-main" disabled={isBusy}>
          {text.closing.type}
        </button>
      </div>
    </form>
  );
}

type GapChoiceProps = {
  readonly register: RegisterReadiness;
  readonly chosen: string;
  readonly choose: (place: string) => void;
};

function GapChoice({ register, chosen, choose }: GapChoiceProps) {
  const { format } = useApp();
  return (
    <Choice
      label={text.closing.gap}
      value={chosen}
      options={register.missingSpans.map(({ fromMs, toMs }, i) => [
        String(i),
        text.closing.gapOption(format.dateTime(fromMs), format.dateTime(toMs)),
      ])}
      choose={choose}
    />
  );
}

type SuggestionsProps = {
  readonly register: RegisterReadiness;
  readonly gap: { readonly fromMs: number; readonly toMs: number };
  readonly take: (suggestion: SubstituteSuggestion) => void;
};

function Suggestions({ register, gap, take }: SuggestionsProps) {
  const { api, format } = useApp();
  const { fromMs, toMs } = gap;
  const suggestions = useResource(
    (signal) => api.suggestions(register.point, { register: register.register, fromMs, toMs }, { signal }),
    [register.point, register.register, fromMs, toMs],
  );
  if (suggestions.data === undefined) return null;
  if (suggestions.data.length === 0) return <p class="small soft">{text.closing.noSuggestion}</p>;
  return (
    <div class="stack is-tight">
      <h4>{text.closing.suggest}</h4>
      <ul class="stack is-tight">
        {suggestions.data.map((suggestion) => (
          <li key={suggestion.basis} class="stack is-tight">
            <p class="small">{suggestion.basis}</p>
            <div>
              <button type="button" class="button" onClick={() => take(suggestion)}>
                {text.closing.useSuggestion(format.energyFine(suggestion.energyMwh))}
              </button>
            </div>
          </li>
        ))}
      </ul>
    </div>
  );
}
