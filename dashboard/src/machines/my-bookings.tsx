/** What I have booked and can still cancel. */
import type { Booking } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Loaded, Refusal } from '../ui/states.tsx';

export type MyBookingsProps = { readonly member: string; readonly round: number; readonly onChange: () => void };

export function MyBookings({ member, round, onChange }: MyBookingsProps) {
  const { api, live } = useApp();
  const bookings = useResource((signal) => api.myBookings(member, { signal }), [member, round]);
  return (
    <section class="card">
      <h2>{text.machines.myBookings}</h2>
      <Loaded resource={bookings}>
        {(list) => {
          const ahead = list
            .filter(({ status, toMs }: Booking) => status === 'booked' && toMs > live.now.value)
            .toSorted((a, b) => a.fromMs - b.fromMs);
          if (ahead.length === 0) return <p class="soft">{text.machines.noBookings}</p>;
          return (
            <ul class="links">
              {ahead.map((booking) => (
                <BookingRow key={booking.id} booking={booking} onChange={onChange} />
              ))}
            </ul>
          );
        }}
      </Loaded>
    </section>
  );
}

function BookingRow({ booking, onChange }: { booking: Booking; onChange: () => void }) {
  const { api, format, announce } = useApp();
  const { isBusy, error, run } = useAction();
  const cancel = () =>
    run(async () => {
      await api.cancelBooking(booking.id);
      announce(text.machines.cancelled);
      onChange();
    });
  const when = `${format.date(booking.fromMs)}, ${format.timeRange(booking.fromMs, booking.toMs)}`;
  return (
    <li class="stack is-tight booking-row">
      <div class="row is-apart">
        <span>
          <span class="strong">{booking.machineName}</span>
          <br />
          <span class="soft">{when}</span>
        </span>
        <button
          type="button"
          class="button"
          aria-label={`${text.machines.cancel}: ${booking.machineName}, ${when}`}
          disabled={isBusy}
          onClick={cancel}
        >
          {text.machines.cancel}
        </button>
      </div>
      <Refusal error={error} />
    </li>
  );
}
