/** The day at a glance: a bar of 24 hours with what is taken, what is chosen, and now. */
import type { Booking } from '@commonworks/core/api/index.ts';
import { daySpan } from '@commonworks/core/time.ts';
import { dayTicks } from '../chart/day-ticks.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { SLOT_MS } from './day-slots.ts';

export type DayTimelineProps = {
  readonly day: string;
  readonly taken: readonly Booking[];
  readonly startMs: number | null;
};

export function DayTimeline({ day, taken, startMs }: DayTimelineProps) {
  const { format, live } = useApp();
  const span = daySpan(day, format.zone);
  const whole = span.toMs - span.fromMs;
  const percent = (ms: number) => (Math.min(Math.max(ms - span.fromMs, 0), whole) / whole) * 100;
  const box = (fromMs: number, toMs: number) => ({
    left: `${percent(fromMs)}%`,
    width: `${percent(toMs) - percent(fromMs)}%`,
  });
  const nowMs = live.now.value;
  return (
    <fieldset class="timeline" aria-label={text.booking.timeline}>
      <div class="timeline-bar">
        {nowMs > span.fromMs && <span class="over" style={box(span.fromMs, nowMs)} />}
        {taken.map((booking) => (
          <span
            key={booking.id}
            class={booking.isMine ? 'taken is-mine' : 'taken'}
            style={box(booking.fromMs, booking.toMs)}
          />
        ))}
        {startMs !== null && <span class="chosen" style={box(startMs, startMs + SLOT_MS)} />}
      </div>
      <div class="timeline-hours small soft" aria-hidden="true">
        {dayTicks(day, format)
          .filter((_, index) => index % 2 === 0)
          .map(({ ms, label }) => (
            <span key={ms} style={{ left: `${percent(ms)}%` }}>
              {label}
            </span>
          ))}
      </div>
      {taken.length === 0 ? (
        <p class="small soft">{text.booking.timelineFree}</p>
      ) : (
        <ul class="small timeline-list">
          {taken.map((booking) => (
            <li key={booking.id}>
              {text.booking.timelineItem(
                format.timeRange(booking.fromMs, booking.toMs),
                booking.isMine ? text.booking.me : (booking.memberName ?? text.booking.someone),
              )}
            </li>
          ))}
        </ul>
      )}
    </fieldset>
  );
}
