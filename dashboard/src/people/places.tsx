/** What is measured where: metering points and their meters, and the agents that read them. */
import type { Device, Member, MeteringPoint } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { Loaded } from '../ui/states.tsx';
import { AddMachine } from './add-machine.tsx';
import { AddPoint } from './add-point.tsx';
import { Agents } from './agents.tsx';
import { AssignMeter } from './assign-meter.tsx';
import { metersFirst } from './meters-first.ts';
import { PointList } from './point-list.tsx';
import { RatePoint } from './rate-point.tsx';
import { SwapMeter } from './swap-meter.tsx';

export function Places({ members }: { members: readonly Member[] }) {
  const gone = new Set(members.filter(({ leftMs }) => leftMs !== null).map(({ id }) => id));
  const { api } = useApp();
  // Who leaves takes the meters off their points.
  const points = useResource((signal) => api.meteringPoints({ signal }), [gone.size]);
  const edges = useResource((signal) => api.edges({ signal }), []);
  const devices = useResource((signal) => api.devices({ signal }), []);
  return (
    <>
      <section class="card">
        <h2>{text.people.meteringPoints}</h2>
        <Loaded resource={points}>
          {(known) => (
            <>
              <PointList points={known} members={members} edges={edges.data ?? []} />
              <PointForms points={known} members={members} devices={devices.data ?? []} onChanged={points.reload} />
            </>
          )}
        </Loaded>
      </section>
      <div class="columns is-even">
        <Loaded resource={edges}>{(known) => <Agents edges={known} onChanged={edges.reload} />}</Loaded>
        <section class="card">
          <h2>{text.people.machines}</h2>
          <Fold title={text.people.addMachine}>
            <AddMachine devices={devices.data ?? []} />
          </Fold>
        </section>
      </div>
    </>
  );
}

type PointFormsProps = {
  readonly points: readonly MeteringPoint[];
  readonly members: readonly Member[];
  readonly devices: readonly Device[];
  readonly onChanged: () => void;
};

/** Who has left still owns old points, and is offered no new ones. */
function PointForms({ points, members, devices, onChanged }: PointFormsProps) {
  const present = members.filter(({ leftMs }) => leftMs === null);
  const gone = new Set(members.filter(({ leftMs }) => leftMs !== null).map(({ id }) => id));
  const open = points.filter(({ member }) => member === null || !gone.has(member));
  const measured = open.filter(({ assignments }) => assignments.some(({ toMs }) => toMs === null));
  const meters = metersFirst(devices, points);
  return (
    <div class="columns is-even">
      <Fold title={text.people.addPoint}>
        <AddPoint members={present} onAdded={onChanged} />
      </Fold>
      {open.length > 0 && (
        <Fold title={text.people.chooseMeter}>
          <AssignMeter points={open} devices={meters} onAssigned={onChanged} />
        </Fold>
      )}
      {measured.length > 0 && (
        <Fold title={text.closing.swap.title}>
          <SwapMeter points={measured} devices={meters} onSwapped={onChanged} />
        </Fold>
      )}
      {points.length > 0 && (
        <Fold title={text.people.ratePoint}>
          <RatePoint points={points} onRated={onChanged} />
        </Fold>
      )}
    </div>
  );
}
