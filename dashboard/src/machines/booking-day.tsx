/** The start times of a day as buttons, by part of the day; taken ones say so. */
import type { Booking } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { daySlots, type Part, type Slot } from './day-slots.ts';

export type BookingDayProps = {
  readonly day: string;
  readonly taken: readonly Booking[];
  readonly startMs: number | null;
  readonly choose: (startMs: number) => void;
};

const DAY_PARTS = ['morning', 'afternoon', 'evening'] as const satisfies Part[];

export function BookingDay({ day, taken, startMs, choose }: BookingDayProps) {
  const { format, live } = useApp();
  const slots = daySlots(day, taken, { zone: format.zone, nowMs: live.nowMs() });
  const partOf = (part: Part) => slots.filter((slot) => slot.part === part);
  if (!slots.some(({ isFree }) => isFree)) return <p>{text.booking.noneFree}</p>;
  const night = partOf('night');
  return (
    <div class="stack">
      {DAY_PARTS.map((part) => (
        <SlotGroup key={part} title={text.booking[part]} slots={partOf(part)} startMs={startMs} choose={choose} />
      ))}
      {night.length > 0 && (
        <Fold title={text.booking.night}>
          <SlotGroup title={text.booking.night} slots={night} startMs={startMs} choose={choose} />
        </Fold>
      )}
    </div>
  );
}

type SlotGroupProps = {
  readonly title: string;
  readonly slots: readonly Slot[];
  readonly startMs: number | null;
  readonly choose: (startMs: number) => void;
};

function SlotGroup({ title, slots, startMs, choose }: SlotGroupProps) {
  const { format } = useApp();
  if (slots.length === 0) return null;
  return (
    <fieldset class="slots" aria-label={title}>
      <h3 class="small soft">{title}</h3>
      <div class="slot-grid">
        {slots.map(({ fromMs, isFree }) => (
          <button
            key={fromMs}
            type="button"
            aria-pressed={fromMs === startMs}
            disabled={!isFree}
            onClick={() => choose(fromMs)}
          >
            {format.time(fromMs)}
            {!isFree && <span class="only-read">, {text.booking.taken}</span>}
          </button>
        ))}
      </div>
    </fieldset>
  );
}
