/** The days of a month as a small calendar to choose from; days still to come cannot be chosen. */
import { addDays, localDay, monthSpan } from '@commonworks/core/time.ts';
import { useApp } from '../state/app.ts';

export type MonthDaysProps = {
  readonly month: string;
  readonly chosen: string | null;
  readonly choose: (day: string) => void;
};

export function MonthDays({ month, chosen, choose }: MonthDaysProps) {
  const { format, live } = useApp();
  const today = localDay(live.now.value, format.zone);
  const days = daysOf(month, format.zone);
  const first = new Date(`${month}-01T12:00:00Z`).getUTCDay();
  const mondayFirst = (first + 6) % 7;
  // 2024-01-01 was a Monday: seven labels from there, in the reader's language.
  const weekdays = Array.from({ length: 7 }, (_, index) => format.weekday(addDays('2024-01-01', index)));
  return (
    <div class="month-days">
      {weekdays.map((weekday) => (
        <span key={weekday} class="weekday" aria-hidden="true">
          {weekday}
        </span>
      ))}
      {days.map((day, index) => (
        <button
          key={day}
          type="button"
          aria-pressed={day === chosen}
          aria-label={format.dayLong(day)}
          disabled={day > today}
          onClick={() => choose(day)}
          style={index === 0 ? { gridColumnStart: String(mondayFirst + 1) } : {}}
        >
          {format.dayOfMonth(day)}
        </button>
      ))}
    </div>
  );
}

function daysOf(month: string, zone: string): string[] {
  const { toMs } = monthSpan(month, zone);
  const days: string[] = [];
  for (let day = `${month}-01`; day.startsWith(month) && days.length < 31; day = addDays(day, 1)) days.push(day);
  return days.filter((day) => day <= localDay(toMs - 1, zone));
}
