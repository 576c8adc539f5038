/** Stacked bars of energy: what is drawn up, what down, and how high the axis must reach. Energy in mWh. */
import type { Quality } from '@commonworks/core/quality.ts';

export type BarHue = 'sun' | 'battery' | 'grid' | 'export' | 'homes' | 'workshop';
export type BarSeries = { readonly label: string; readonly hue: BarHue; readonly side: 'up' | 'down' };
export type Bar = {
  readonly fromMs: number;
  readonly toMs: number;
  /** One per series; null is missing and leaves a gap. */
  readonly valuesMwh: readonly (number | null)[];
  readonly quality: Quality;
  readonly coveragePct: number;
};
/** One painted rectangle: from `fromMwh` to `toMwh` on the value axis. */
export type Segment = { readonly series: number; readonly fromMwh: number; readonly toMwh: number };

/** Segments of a bar, each stacked on those before it on its side; missing values leave nothing. */
export function stack(bar: Bar, series: readonly BarSeries[]): Segment[] {
  let up = 0;
  let down = 0;
  const segments: Segment[] = [];
  for (const [index, { side }] of series.entries()) {
    const value = bar.valuesMwh[index] ?? 0;
    if (value === 0) continue;
    const fromMwh = side === 'up' ? up : down;
    const toMwh = side === 'up' ? up + value : down - value;
    if (side === 'up') up = toMwh;
    else down = toMwh;
    segments.push({ series: index, fromMwh, toMwh });
  }
  return segments;
}

export function extentOf(bars: readonly Bar[], series: readonly BarSeries[]): { minMwh: number; maxMwh: number } {
  let minMwh = 0;
  let maxMwh = 0;
  for (const bar of bars) {
    for (const { toMwh } of stack(bar, series)) {
      minMwh = Math.min(minMwh, toMwh);
      maxMwh = Math.max(maxMwh, toMwh);
    }
  }
  return { minMwh, maxMwh };
}

/** The sum of one series over all bars that have it; null when none has. */
export function totalOf(bars: readonly Bar[], series: number): number | null {
  const values = bars.map((bar) => bar.valuesMwh[series] ?? null).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

export function isEmpty(bar: Bar): boolean {
  return bar.valuesMwh.every((value) => value === null);
}
