/** One node of the flow picture in detail: now, today, how far its figures can be trusted, and where to go on. */
import type { EnergyDay, FlowKind, FlowNode } from '@commonworks/core/api/index.ts';
import { hasRole, useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { QualityBadge } from '../ui/badge.tsx';
import { Figure } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { doing } from './flow-words.ts';

type Column = Exclude<keyof EnergyDay['intervals'][number], 'startMs' | 'quality' | 'coveragePct'>;

const TODAY: Record<FlowKind, readonly { column: Column; label: string }[]> = {
  sun: [{ column: 'sunMwh', label: text.today.sun }],
  battery: [
    { column: 'batteryDischargedMwh', label: text.today.discharged },
    { column: 'batteryChargedMwh', label: text.today.charged },
  ],
  grid: [
    { column: 'gridImportedMwh', label: text.today.imported },
    { column: 'gridExportedMwh', label: text.today.exported },
  ],
  homes: [{ column: 'homesMwh', label: text.today.homes }],
  workshop: [{ column: 'workshopMwh', label: text.today.workshop }],
};

export function FlowDetail({ node, day, close }: { node: FlowNode; day: EnergyDay | undefined; close: () => void }) {
  const { format } = useApp();
  const name = text.kinds[node.kind];
  return (
    <section class={`card flow-detail kind-${node.kind}`} aria-label={text.flow.detailTitle(name)}>
      <div class="row is-apart">
        <h2>{name}</h2>
        <button type="button" class="button is-quiet is-icon" onClick={close} aria-label={text.flow.close}>
          <Icon name="close" />
        </button>
      </div>
      <dl class="facts">
        <div>
          <dt>
            {text.flow.now}, {doing(node)}
          </dt>
          <dd>
            <Figure figure={format.power(node.powerW === null ? null : Math.abs(node.powerW))} />
          </dd>
        </div>
        {TODAY[node.kind].map(({ column, label }) => (
          <div key={column}>
            <dt>
              {text.flow.today}: {label}
            </dt>
            <dd>
              <Figure figure={format.energy(sumOf(day, column))} />
            </dd>
          </div>
        ))}
        <div>
          <dt>{text.flow.meters}</dt>
          <dd>{text.flow.devices(node.devicesFresh, node.devices)}</dd>
        </div>
        <div>
          <dt>{text.flow.since}</dt>
          <dd>{node.sinceMs === null ? text.operator.never : format.dateTime(node.sinceMs)}</dd>
        </div>
      </dl>
      <div class="row">
        <QualityBadge quality={node.quality} />
        <Onward kind={node.kind} />
      </div>
    </section>
  );
}

function Onward({ kind }: { kind: FlowKind }) {
  const { me } = useApp();
  const isOperator = hasRole(me, 'operator', 'admin');
  const onward: Record<FlowKind, { href: string; label: string } | null> = {
    homes: { href: '/share', label: text.flow.openShare },
    workshop: { href: '/machines', label: text.flow.openMachines },
    sun: isOperator ? { href: '/operator', label: text.flow.openOperator } : null,
    battery: isOperator ? { href: '/operator', label: text.flow.openOperator } : null,
    grid: isOperator ? { href: '/operator', label: text.flow.openOperator } : null,
  };
  const link = onward[kind];
  if (link === null) return null;
  return (
    <a class="button" href={link.href}>
      {link.label}
      <Icon name="arrow" size={16} />
    </a>
  );
}

/** Missing quarter hours are left out; null when there is none at all. */
function sumOf(day: EnergyDay | undefined, column: Column): number | null {
  const values = (day?.intervals ?? []).map((interval) => interval[column]).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}
