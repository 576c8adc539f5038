/** The flow in words: the answer sentence, each node's doing, the summary for screen readers. */
import type { Flow, FlowKind, FlowNode } from '@commonworks/core/api/index.ts';
import { type Figure, type Format, figureText } from '../format/format.ts';
import { text } from '../text/text.ts';
import { directionOf } from './flow-layout.ts';
import { REST_W } from './flow-scale.ts';

export type FlowAnswer = { readonly sentence: string; readonly figure?: Figure };

/** Why the figure may not be shown as live: said instead of it. */
export type Staleness = { readonly isStale: boolean };

export function answerOf(flow: Flow | null, format: Format, { isStale }: Staleness): FlowAnswer {
  const words = text.flow.covers;
  if (flow === null) return { sentence: words.waiting() };
  if (isStale) return { sentence: words.stale(format.time(flow.atMs)) };
  if (flow.ownCoverPct === null) return { sentence: whyUnknown(flow) };
  const figure = format.percent(flow.ownCoverPct);
  const pct = figureText(figure);
  const gives = (kind: FlowKind) => (powerOf(flow, kind) ?? 0) < -REST_W;
  const exportedW = -(powerOf(flow, 'grid') ?? 0);
  if (flow.ownCoverPct >= 99.5 && exportedW > 500) {
    return { sentence: words.surplus(pct, format.powerText(exportedW)), figure };
  }
  if (gives('sun') && gives('battery')) return { sentence: words.both(pct), figure };
  if (gives('battery')) return { sentence: words.battery(pct), figure };
  if (flow.ownCoverPct < 0.5) return { sentence: words.none() };
  return { sentence: words.sun(pct), figure };
}

/** Which meter would have to be there, or to answer, before our own part can be told. */
function whyUnknown({ nodes }: Flow): string {
  const words = text.flow.covers;
  const at = (...kinds: FlowKind[]) => nodes.filter(({ kind }) => kinds.includes(kind));
  const isMetered = (kinds: readonly FlowNode[]) => kinds.some(({ devices }) => devices > 0);
  const uses = at('homes', 'workshop');
  if (!isMetered(uses)) return isMetered(nodes) ? words.noUseMeter() : words.waiting();
  if (!isMetered(at('sun', 'battery', 'grid'))) return words.noSourceMeter();
  const isSilent = at('sun', 'battery', 'homes', 'workshop').some(
    ({ devices, devicesFresh }) => devicesFresh < devices,
  );
  return isSilent ? words.unknown() : words.noUse();
}

export function powerOf(flow: Flow, kind: FlowKind): number | null {
  return flow.nodes.find((node) => node.kind === kind)?.powerW ?? null;
}

/** What a node does, in one word. */
export function doing(node: FlowNode): string {
  const words = text.flow.words;
  const direction = directionOf(node);
  if (node.devices === 0) return words.noMeter;
  if (node.powerW === null) return text.state.noFigure;
  if (direction === 'rest') return words.idle;
  if (node.kind === 'sun') return words.making;
  if (node.kind === 'battery') return direction === 'in' ? words.discharging : words.charging;
  if (node.kind === 'grid') return direction === 'in' ? words.importing : words.exporting;
  return words.using;
}

export function summaryOf(flow: Flow, format: Format): string {
  const parts = flow.nodes.map((node) => {
    const power = node.powerW === null ? '' : ` ${format.powerText(Math.abs(node.powerW))}`;
    const stale = node.isStale ? `, ${text.state.stale}` : '';
    return `${text.kinds[node.kind]}: ${doing(node)}${power}${stale}`;
  });
  if (flow.residualW !== null) parts.push(`${text.flow.residual}: ${format.powerText(flow.residualW)}`);
  return text.flow.summary(parts.join('; '));
}
