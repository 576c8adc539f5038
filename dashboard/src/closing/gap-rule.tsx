/** How the community places what a meter counted while nobody read it, and the treasurer's choice of another way. */
import { GAP_METHODS, type GapMethod } from '@commonworks/core/metering/place-gap.ts';
import { nextMonth, previousMonth } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Choice } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded, Refusal } from '../ui/states.tsx';

const words = text.closing.gapRule;

export function GapRuleCard({ current, canDecide }: { current: string; canDecide: boolean }) {
  const { api, format } = useApp();
  const rules = useResource((signal) => api.gapRules({ signal }), []);
  return (
    <section class="card">
      <h2>{words.title}</h2>
      <p class="small soft">{words.help}</p>
      <Loaded resource={rules}>
        {(data) => (
          <>
            <ul class="stack">
              {data.map((rule) => (
                <li key={rule.fromMs}>
                  {rule.createdMs === null
                    ? words.always(words.methods[rule.method])
                    : words.since(words.methods[rule.method], format.date(rule.fromMs), rule.author ?? words.nobody)}
                </li>
              ))}
            </ul>
            {canDecide && <ChooseRule current={current} method={data[0]?.method ?? 'flat'} onChosen={rules.reload} />}
          </>
        )}
      </Loaded>
    </section>
  );
}

type ChooseProps = { readonly current: string; readonly method: GapMethod; readonly onChosen: () => void };

function ChooseRule({ current, method: standing, onChosen }: ChooseProps) {
  const { api, format, announce } = useApp();
  const [method, setMethod] = useState<GapMethod>(standing);
  const [month, setMonth] = useState(current);
  const { isBusy, error, run } = useAction();
  const choose = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.setGapRule({ method, month });
      announce(words.chosen(format.month(month)));
      onChosen();
    });
  };
  const months = [previousMonth(current), current, nextMonth(current)];
  return (
    <Fold title={words.choose}>
      <form class="stack" onSubmit={choose}>
        <Choice
          label={words.method}
          value={method}
          options={GAP_METHODS.map((each) => [each, words.methods[each]])}
          choose={(next) => setMethod(GAP_METHODS.find((each) => each === next) ?? 'flat')}
        />
        <Choice
          label={words.from}
          value={month}
          options={months.map((each) => [each, format.month(each)])}
          choose={setMonth}
        />
        <Refusal error={error} />
        <div>
          <button type="submit" class="button" disabled={isBusy}>
            {words.chooseDo}
          </button>
        </div>
      </form>
    </Fold>
  );
}
