/** One day back, one day on, never beyond the last. */
import { addDays } from '@commonworks/core/time.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Icon } from './icons.tsx';

export type DayStepperProps = {
  readonly day: string;
  readonly lastDay: string;
  readonly choose: (day: string) => void;
};

export function DayStepper({ day, lastDay, choose }: DayStepperProps) {
  const { format } = useApp();
  return (
    <div class="stepper">
      <button
        type="button"
        class="button is-icon"
        aria-label={text.today.previous}
        onClick={() => choose(addDays(day, -1))}
      >
        <Icon name="back" />
      </button>
      <span class="stepper-day">{format.day(day)}</span>
      <button
        type="button"
        class="button is-icon"
        aria-label={text.today.next}
        disabled={day >= lastDay}
        onClick={() => choose(addDays(day, 1))}
      >
        <Icon name="chevron" />
      </button>
    </div>
  );
}
