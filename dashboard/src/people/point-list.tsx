/** Metering points: the place, whose it is, and which meter measures it now. */
import type { Edge, Member, MeteringPoint } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Scroller } from '../ui/scroller.tsx';

export type PointListProps = {
  readonly points: readonly MeteringPoint[];
  readonly members: readonly Member[];
  readonly edges: readonly Edge[];
};

export function PointList({ points, members, edges }: PointListProps) {
  const { format } = useApp();
  if (points.length === 0) return <p class="soft">{text.people.noPoints}</p>;
  const owner = (id: string | null) => members.find((member) => member.id === id)?.name ?? text.people.ownerNone;
  const meter = (point: MeteringPoint) => {
    const current = point.assignments.find(({ toMs }) => toMs === null);
    if (current === undefined) return text.people.unmeasured;
    const edge = edges.find(({ id }) => id === current.edge)?.name;
    return edge === undefined ? current.device : `${edge} / ${current.device}`;
  };
  return (
    <Scroller label={text.people.meteringPoints}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.people.name}</th>
            <th scope="col">{text.people.does}</th>
            <th scope="col">{text.people.owner}</th>
            <th scope="col">{text.people.carries}</th>
            <th scope="col">{text.people.measuredBy}</th>
          </tr>
        </thead>
        <tbody>
          {points.map((point) => (
            <tr key={point.id}>
              <th scope="row">{point.name}</th>
              <td>{text.people.pointRole[point.role]}</td>
              <td>{owner(point.member)}</td>
              <td>{point.ratedPowerW === null ? text.people.notRated : format.powerText(point.ratedPowerW)}</td>
              <td class="mono">{meter(point)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
