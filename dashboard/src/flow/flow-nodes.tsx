/** The nodes of the flow picture: buttons with icon, word and figure; and the hub with its ring. */
import type { FlowKind } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Figure } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { type Circle, directionOf, type PlacedNode } from './flow-layout.ts';
import { doing } from './flow-words.ts';

type NodeProps = {
  readonly placed: PlacedNode;
  readonly socPct: number | null;
  readonly isChosen: boolean;
  readonly choose: (kind: FlowKind) => void;
};

export function FlowNodeButton({ placed, socPct, isChosen, choose }: NodeProps) {
  const { format } = useApp();
  const { kind, node, x, y, r } = placed;
  const hue = kind === 'grid' && directionOf(node) === 'out' ? 'export' : kind;
  const classes = `flow-node kind-${hue}${node.isStale || node.powerW === null ? ' is-stale' : ''}`;
  const figure = format.power(node.powerW === null ? null : Math.abs(node.powerW));
  return (
    <button
      type="button"
      class={classes}
      aria-expanded={isChosen}
      onClick={() => choose(kind)}
      style={{ left: `${x}px`, top: `${y - r}px`, '--r': `${r}px` }}
    >
      <span class="disc">
        {socPct !== null && <span class="fill" style={{ height: `${socPct}%` }} />}
        <Icon name={kind} size={Math.round(r * 0.85)} />
      </span>
      <span class="words">
        <span class="name">{text.kinds[kind]}</span>
        <Figure figure={figure} />
        <span class="doing small">
          {socPct !== null ? text.flow.charge(format.number(socPct)) : doing(node)}
          {node.isStale && node.powerW !== null && `, ${text.state.stale}`}
        </span>
      </span>
    </button>
  );
}

export function FlowHub({ hub, ownCoverPct }: { hub: Circle; ownCoverPct: number | null }) {
  const { format } = useApp();
  const ring = hub.r - 6;
  const around = 2 * Math.PI * ring;
  const part = (around * (ownCoverPct ?? 0)) / 100;
  return (
    <div
      class="flow-hub"
      style={{
        left: `${hub.x - hub.r}px`,
        top: `${hub.y - hub.r}px`,
        width: `${hub.r * 2}px`,
        height: `${hub.r * 2}px`,
      }}
    >
      <svg width={hub.r * 2} height={hub.r * 2} aria-hidden="true">
        <g transform={`translate(${hub.r} ${hub.r}) rotate(-90)`} fill="none">
          <circle class="ring" r={ring} />
          {part > 0 && <circle class="ring-own" r={ring} stroke-dasharray={`${part} ${around}`} />}
        </g>
      </svg>
      <div class="words">
        <Figure figure={format.percent(ownCoverPct)} size="big" />
        <span class="small soft">{ownCoverPct === null ? text.flow.hubNone : text.flow.hub}</span>
      </div>
    </div>
  );
}
