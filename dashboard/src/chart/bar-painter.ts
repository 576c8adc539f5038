/** Paints stacked bars on uPlot's canvas: outlines of 3:1, hatching for estimates, a strip for coverage. */
import type uPlot from 'uplot';
import { type Bar, type BarSeries, isEmpty, stack } from './bar-model.ts';
import type { Palette } from './palette.ts';

export type Painting = {
  readonly bars: readonly Bar[];
  readonly series: readonly BarSeries[];
  readonly palette: Palette;
};

/** Below this width a full outline would hide the bar: only its far end is drawn. */
const OUTLINE_FROM_PX = 5;
const HATCH_PX = 6;

export function paintBars(plot: uPlot, painting: Painting): void {
  const { ctx } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
  ctx.clip();
  for (const bar of painting.bars) paintBar(plot, painting, bar);
  paintZeroLine(plot, painting.palette);
  ctx.restore();
  for (const bar of painting.bars) paintCoverage(plot, painting.palette, bar);
}

function paintBar(plot: uPlot, { series, palette }: Painting, bar: Bar): void {
  const { ctx } = plot;
  const { left, width } = span(plot, bar);
  for (const segment of stack(bar, series)) {
    const part = series[segment.series];
    if (part === undefined) continue;
    const from = plot.valToPos(segment.fromMwh, 'y', true);
    const to = plot.valToPos(segment.toMwh, 'y', true);
    const [top, height] = [Math.min(from, to), Math.abs(to - from)];
    if (bar.quality === 'estimated') hatch(ctx, { left, top, width, height }, palette.fill(part.hue));
    else {
      ctx.fillStyle = palette.fill(part.hue);
      ctx.fillRect(left, top, width, height);
    }
    const ratio = devicePixelRatio;
    ctx.strokeStyle = palette.edge(part.hue);
    ctx.lineWidth = ratio;
    if (width >= OUTLINE_FROM_PX * ratio) {
      ctx.strokeRect(left + ratio / 2, top + ratio / 2, Math.max(0, width - ratio), Math.max(0, height - ratio));
    } else {
      ctx.fillStyle = palette.edge(part.hue);
      ctx.fillRect(left, to < from ? to : to - ratio, width, ratio);
    }
  }
}

type Box = { readonly left: number; readonly top: number; readonly width: number; readonly height: number };

/** Diagonal stripes of the colour on the bare ground. */
function hatch(ctx: CanvasRenderingContext2D, box: Box, colour: string): void {
  const step = HATCH_PX * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.width, box.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.lineWidth = step / 2.5;
  ctx.beginPath();
  const first = Math.floor((box.left - box.height) / step) * step;
  for (let x = first; x < box.left + box.width + step; x += step) {
    ctx.moveTo(x, box.top + box.height);
    ctx.lineTo(x + box.height, box.top);
  }
  ctx.stroke();
  ctx.restore();
}

function paintZeroLine(plot: uPlot, palette: Palette): void {
  const y = Math.round(plot.valToPos(0, 'y', true));
  plot.ctx.fillStyle = palette.strong;
  plot.ctx.fillRect(plot.bbox.left, y, plot.bbox.width, devicePixelRatio);
}

/** Under the axis, only where a measurement is not whole: a missing part is said, never filled. */
function paintCoverage(plot: uPlot, palette: Palette, bar: Bar): void {
  if (bar.coveragePct >= 100) return;
  const { left, width } = span(plot, bar);
  const bottom = plot.bbox.top + plot.bbox.height;
  plot.ctx.fillStyle = isEmpty(bar) ? palette.strong : palette.alarm;
  plot.ctx.fillRect(left, bottom + devicePixelRatio, width, 4 * devicePixelRatio);
}

function span(plot: uPlot, bar: Bar): { left: number; width: number } {
  const gap = devicePixelRatio;
  const left = Math.round(plot.valToPos(bar.fromMs, 'x', true));
  const right = Math.round(plot.valToPos(bar.toMs, 'x', true));
  return { left, width: Math.max(1, right - left - gap) };
}
