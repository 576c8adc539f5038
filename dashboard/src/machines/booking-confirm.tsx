/** How long, what it costs, and the button; a refusal is said here, with what to do. */
import type { Booking, Machine } from '@commonworks/core/api/index.ts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';
import { freeFrom, LENGTHS_MS } from './day-slots.ts';

export type BookingConfirmProps = {
  readonly machine: Machine;
  readonly taken: readonly Booking[];
  readonly startMs: number | null;
  readonly onDone: () => void;
};

const USUAL_MS = 3_600_000;

export function BookingConfirm({ machine, taken, startMs, onDone }: BookingConfirmProps) {
  const { api, format, announce } = useApp();
  const [wantedMs, setWanted] = useState(USUAL_MS);
  const { isBusy, error, run } = useAction();
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (startMs !== null) place.current?.scrollIntoView({ block: 'nearest' });
  }, [startMs]);
  const freeMs = startMs === null ? Number.POSITIVE_INFINITY : freeFrom(startMs, taken);
  const lengthMs = Math.min(wantedMs, freeMs);
  const range = startMs === null ? '' : `${format.date(startMs)}, ${format.timeRange(startMs, startMs + lengthMs)}`;
  const book = () =>
    run(async () => {
      if (startMs === null) return;
      await api.book({ machine: machine.id, fromMs: startMs, toMs: startMs + lengthMs });
      announce(text.booking.done(range));
      onDone();
    });
  return (
    <div ref={place} class="stack booking-confirm">
      <fieldset aria-label={text.booking.length}>
        <h3 class="small soft">{text.booking.length}</h3>
        <div class="slot-grid">
          {LENGTHS_MS.map((ms) => (
            <button
              key={ms}
              type="button"
              aria-pressed={ms === lengthMs}
              disabled={ms > freeMs}
              onClick={() => setWanted(ms)}
            >
              {format.duration(ms / 1000)}
            </button>
          ))}
        </div>
      </fieldset>
      <p class="small soft">{text.booking.cost(format.price(machine.pricePerHour))}</p>
      <Refusal error={error} />
      <button
        type="button"
        class="button is-main is-large is-wide"
        disabled={startMs === null || isBusy}
        onClick={book}
      >
        {startMs === null ? text.booking.pickStart : text.booking.confirm(range)}
      </button>
    </div>
  );
}
