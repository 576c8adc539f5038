/** What is measured where: metering points and their meters, and the agents that read them. */
import type { Member, MeteringPoint } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { Loaded } from '../ui/states.tsx';
import { AddMachine } from './add-machine.tsx';
import { AddPoint } from './add-point.tsx';
import { Agents } from './agents.tsx';
import { AssignMeter } from './assign-meter.tsx';
import { PointList } from './point-list.tsx';
import { RatePoint } from './rate-point.tsx';
import { SwapMeter } from './swap-meter.tsx';

/** Of `members` those who have left still name their old points, and are offered no new ones. */
export function Places({ members }: { members: readonly Member[] }) {
  const present = members.filter(({ leftMs }) => leftMs === null);
  const gone = new Set(members.filter(({ leftMs }) => leftMs !== null).map(({ id }) => id));
  const { api } = useApp();
  // Who leaves takes the meters off their points.
  const points = useResource((signal) => api.meteringPoints({ signal }), [gone.size]);
  const edges = useResource((signal) => api.edges({ signal }), []);
  const devices = useResource((signal) => api.devices({ signal }), []);
  const open = (known: readonly MeteringPoint[]) => known.filter(({ member }) => member === null || !gone.has(member));
  const measured = (known: readonly MeteringPoint[]) =>
    open(known).filter(({ assignments }) => assignments.some(({ toMs }) => toMs === null));
  return (
    <>
      <section class="card">
        <h2>{text.people.meteringPoints}</h2>
        <Loaded resource={points}>
          {(known) => (
            <>
              <PointList points={known} members={members} edges={edges.data ?? []} />
              <div class="columns is-even">
                <Fold title={text.people.addPoint}>
                  <AddPoint members={present} onAdded={points.reload} />
                </Fold>
                {open(known).length > 0 && (
                  <Fold title={text.people.chooseMeter}>
                    <AssignMeter points={open(known)} devices={devices.data ?? []} onAssigned={points.reload} />
                  </Fold>
                )}
                {measured(known).length > 0 && (
                  <Fold title={text.closing.swap.title}>
                    <SwapMeter points={measured(known)} devices={devices.data ?? []} onSwapped={points.reload} />
                  </Fold>
                )}
                {known.length > 0 && (
                  <Fold title={text.people.ratePoint}>
                    <RatePoint points={known} onRated={points.reload} />
                  </Fold>
                )}
              </div>
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
