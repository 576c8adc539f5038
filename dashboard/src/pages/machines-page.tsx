/** The workshop's machines: free, taken or running; book one; my bookings and sessions. */
import type { Machine } from '@commonworks/core/api/index.ts';
import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import { overlay } from '../live/live-store.ts';
import { BookingPanel } from '../machines/booking-panel.tsx';
import { MachineCard } from '../machines/machine-card.tsx';
import { machinesAnswer } from '../machines/machine-look.ts';
import { MyBookings } from '../machines/my-bookings.tsx';
import { MySessions } from '../machines/my-sessions.tsx';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

export function MachinesPage() {
  const { api, live } = useApp();
  const fetched = useResource((signal) => api.machines({ signal }), [live.generation.value]);
  return (
    <Loaded resource={fetched}>
      {(list) => <MachinesView machines={overlay(list, live.machines.value, ({ id }) => id)} reload={fetched.reload} />}
    </Loaded>
  );
}

function MachinesView({ machines, reload }: { machines: readonly Machine[]; reload: () => void }) {
  const { me } = useApp();
  const [booking, setBooking] = useState<string | null>(null);
  const [round, setRound] = useState(0);
  const changed = () => {
    setRound((count) => count + 1);
    reload();
  };
  if (machines.length === 0)
    return <Empty icon="machines" title={text.machines.emptyTitle} body={text.machines.empty} />;
  return (
    <div class="page">
      <Answer {...machinesAnswer(machines)} />
      <div class="machine-grid">
        {machines.map((each) => (
          <Fragment key={each.id}>
            <MachineCard
              machine={each}
              isBooking={each.id === booking}
              book={() => setBooking(each.id === booking ? null : each.id)}
              onChange={changed}
            />
            {each.id === booking && <BookingPanel machine={each} close={() => setBooking(null)} onChange={changed} />}
          </Fragment>
        ))}
      </div>
      {me?.member != null && (
        <div class="columns is-even">
          <MyBookings member={me.member} round={round} onChange={changed} />
          <MySessions member={me.member} round={round} />
        </div>
      )}
      <p class="small soft">{text.machines.status}</p>
    </div>
  );
}
