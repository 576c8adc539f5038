/** Says how much a connection can carry, or that it is not known: what is not settled is judged again by it. */
import type { MeteringPoint } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import { wholeNumber, wholeNumberInput } from './whole-number.ts';

export function RatePoint({ points, onRated }: { points: readonly MeteringPoint[]; onRated: () => void }) {
  const { api, announce } = useApp();
  const ratingOf = (id: string) => String(points.find((one) => one.id === id)?.ratedPowerW ?? '');
  const [point, setPoint] = useState(points[0]?.id ?? '');
  const [rated, setRated] = useState(ratingOf(point));
  const { isBusy, error, run } = useAction();
  const rate = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const { name } = await api.changePoint(point, { ratedPowerW: wholeNumber(rated) });
      announce(text.people.rated(name));
      onRated();
    });
  };
  const choose = (id: string) => {
    setPoint(id);
    setRated(ratingOf(id));
  };
  return (
    <form class="stack" onSubmit={rate}>
      <Choice
        label={text.people.meteringPoints}
        value={point}
        options={points.map(({ id, name }) => [id, name])}
        choose={choose}
      />
      <TextField
        label={text.people.ratedPower}
        value={rated}
        change={setRated}
        input={wholeNumberInput({ min: 1, max: 9 })}
      />
      <p class="small soft">{text.people.ratedHelp}</p>
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.people.rate}
      </button>
    </form>
  );
}
