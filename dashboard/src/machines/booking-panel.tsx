/** Booking in three taps: the machine (already chosen), a start, the button. Day and length stand ready. */
import type { Booking, Machine } from '@commonworks/core/api/index.ts';
import { addDays, daySpan, localDay } from '@commonworks/core/time.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Icon } from '../ui/icons.tsx';
import { Loaded } from '../ui/states.tsx';
import { BookingConfirm } from './booking-confirm.tsx';
import { BookingDay } from './booking-day.tsx';
import { DayTimeline } from './day-timeline.tsx';

export type BookingPanelProps = {
  readonly machine: Machine;
  readonly close: () => void;
  readonly onChange: () => void;
};

const DAYS_SHOWN = 14;

export function BookingPanel({ machine, close, onChange }: BookingPanelProps) {
  const { format, live } = useApp();
  const today = localDay(live.now.value, format.zone);
  const [day, setDay] = useState(today);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.scrollIntoView({ block: 'nearest' }), []);
  return (
    <section ref={panel} class="card is-raised booking-panel" aria-label={text.booking.title(machine.name)}>
      <div class="row is-apart">
        <h2>{text.booking.title(machine.name)}</h2>
        <button type="button" class="button is-quiet is-icon" aria-label={text.booking.close} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <DayStrip today={today} chosen={day} choose={setDay} />
      <BookableDay key={day} machine={machine} day={day} onChange={onChange} />
    </section>
  );
}

type BookableDayProps = { readonly machine: Machine; readonly day: string; readonly onChange: () => void };

/** Made anew for every day: the taken times of one day must never stand under another. */
function BookableDay({ machine, day, onChange }: BookableDayProps) {
  const { api, format } = useApp();
  const [startMs, setStart] = useState<number | null>(null);
  const span = daySpan(day, format.zone);
  const bookings = useResource((signal) => api.bookings(machine.id, span, { signal }), [machine.id, day]);
  const done = () => {
    setStart(null);
    bookings.reload();
    onChange();
  };
  return (
    <Loaded resource={bookings}>
      {(list) => {
        const taken = list.filter(({ status }: Booking) => status === 'booked');
        return (
          <div class="columns is-even">
            <div class="stack">
              <DayTimeline day={day} taken={taken} startMs={startMs} />
              <BookingDay day={day} taken={taken} startMs={startMs} choose={setStart} />
            </div>
            <BookingConfirm machine={machine} taken={taken} startMs={startMs} onDone={done} />
          </div>
        );
      }}
    </Loaded>
  );
}

type DayStripProps = { readonly today: string; readonly chosen: string; readonly choose: (day: string) => void };

function DayStrip({ today, chosen, choose }: DayStripProps) {
  const { format } = useApp();
  const days = Array.from({ length: DAYS_SHOWN }, (_, index) => addDays(today, index));
  return (
    <fieldset class="day-strip" aria-label={text.booking.day}>
      {days.map((day) => (
        <button key={day} type="button" aria-pressed={day === chosen} onClick={() => choose(day)}>
          <span class="small">{day === today ? text.booking.today : format.weekday(day)}</span>
          <span class="strong">{format.dayOfMonth(day)}</span>
          <span class="only-read">, {format.dayLong(day)}</span>
        </button>
      ))}
    </fieldset>
  );
}
