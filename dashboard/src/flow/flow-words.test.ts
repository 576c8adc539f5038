/** The answer says what the meters say, and which one is missing where they cannot. */
import { FLOW_KINDS, type Flow, type FlowKind, type FlowNode } from '@commonworks/core/api/index.ts';
import { describe, expect, it } from 'vitest';
import { createFormat } from '../format/format.ts';
import { answerOf } from './flow-words.ts';

const format = createFormat({ locale: 'en', zone: 'Europe/Vienna', currency: 'EUR' });

/** Powers by kind; a kind that is not named has no meter, null has a meter without a figure. */
function flowOf(powersW: Partial<Record<FlowKind, number | null>>, ownCoverPct: number | null): Flow {
  const nodes = FLOW_KINDS.map((kind): FlowNode => {
    const powerW = powersW[kind] ?? null;
    const devices = kind in powersW ? 1 : 0;
    const devicesFresh = powerW === null ? 0 : devices;
    return { kind, powerW, quality: 'good', sinceMs: 0, isStale: devicesFresh < devices, devices, devicesFresh };
  });
  return { atMs: 0, nodes, residualW: null, ownCoverPct, socPct: null };
}
const said = (flow: Flow | null) => answerOf(flow, format, { isStale: false }).sentence;

describe('the answer of the flow', () => {
  it('with homes metered alone does not speak of the grid as the source', () => {
    expect(said(flowOf({ homes: 500 }, null))).toContain('not where it comes from');
  });

  it('names what no meter measures, who is silent, and when nothing is used', () => {
    expect(said(flowOf({ sun: -500 }, null))).toContain('No meter measures what we use');
    expect(said(flowOf({ sun: -500, homes: null }, null))).toContain('Not every meter answers');
    expect(said(flowOf({ sun: -500, homes: 0 }, null))).toBe('Nothing is used right now.');
    expect(said(flowOf({}, null))).toBe(said(null));
  });

  it('says that all comes from the grid when a meter there or at the sun bears it out', () => {
    expect(said(flowOf({ sun: 0, grid: 500, homes: 500 }, 0))).toContain('comes from the grid');
    expect(said(flowOf({ sun: -500, homes: 500 }, 100))).toContain('The sun covers 100');
  });
});
