/** A bar chart of energy: uPlot for axes and crosshair, our painter for the bars, a legend that reads out. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useApp } from '../state/app.ts';
import { useTheme } from '../ui/theme.ts';
import { useWidth } from '../ui/use-width.ts';
import { type Bar, type BarSeries, extentOf } from './bar-model.ts';
import { paintBars } from './bar-painter.ts';
import { type Palette, readPalette } from './palette.ts';

export type BarChartProps = {
  readonly bars: readonly Bar[];
  readonly series: readonly BarSeries[];
  readonly span: { readonly fromMs: number; readonly toMs: number };
  /** Where the time axis has its labels. */
  readonly ticks: readonly { readonly ms: number; readonly label: string }[];
  /** Charts with the same key share one crosshair. */
  readonly syncKey: string;
  readonly heightPx: number;
  readonly onHover: (index: number | null) => void;
};

const MWH_PER_KWH = 1_000_000;

export function BarChart(props: BarChartProps) {
  const { format } = useApp();
  const theme = useTheme();
  const [frame, widthPx] = useWidth<HTMLDivElement>(0);
  const [font] = useState(() => getComputedStyle(document.body).fontFamily);
  const onHover = useRef(props.onHover);
  onHover.current = props.onHover;
  useEffect(() => {
    const element = frame.current;
    if (element === null || widthPx === 0) return;
    const palette = readPalette(element);
    const look = { palette, font, widthPx, number: (kwh: number, digits: 0 | 1 | 2 | 3) => format.number(kwh, digits) };
    const plot = new uPlot(
      optionsOf(props, look, (index) => onHover.current(index)),
      dataOf(props.bars),
      element,
    );
    return () => plot.destroy();
  }, [props.bars, props.series, widthPx, theme, format]);
  return <div ref={frame} class="chart" style={{ height: `${props.heightPx}px` }} aria-hidden="true" />;
}

type Look = {
  readonly palette: Palette;
  readonly font: string;
  readonly widthPx: number;
  readonly number: (kwh: number, digits: 0 | 1 | 2 | 3) => string;
};

function dataOf(bars: readonly Bar[]): uPlot.AlignedData {
  return [bars.map((bar) => (bar.fromMs + bar.toMs) / 2), bars.map(() => 0)];
}

function optionsOf(props: BarChartProps, look: Look, onHover: (index: number | null) => void): uPlot.Options {
  const { bars, series, span } = props;
  const { minMwh, maxMwh } = extentOf(bars, series);
  const [low, high] = uPlot.rangeNum(minMwh, Math.max(maxMwh, MWH_PER_KWH / 10), 0.08, true);
  return {
    width: look.widthPx,
    height: props.heightPx,
    legend: { show: false },
    padding: [8, 4, 0, 0],
    cursor: { sync: { key: props.syncKey }, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false, range: [span.fromMs, span.toMs] }, y: { range: [minMwh < 0 ? low : 0, high] } },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: axesOf(props, look),
    hooks: {
      draw: [(plot) => paintBars(plot, { bars, series, palette: look.palette })],
      setCursor: [(plot) => onHover((plot.cursor.left ?? -1) < 0 ? null : (plot.cursor.idx ?? null))],
    },
  };
}

function axesOf({ ticks, span }: BarChartProps, { palette, font, number, widthPx }: Look): uPlot.Axis[] {
  const labels = new Map(ticks.map(({ ms, label }) => [ms, label]));
  const shared = { stroke: palette.ink, font: `14px ${font}`, ticks: { show: false } };
  const every = Math.ceil((ticks.length * 52) / Math.max(1, widthPx - 56));
  return [
    {
      ...shared,
      grid: { show: false },
      size: 32,
      gap: 8,
      splits: () => ticks.filter((_, index) => index % every === 0).map(({ ms }) => ms),
      values: (_, splits) => splits.map((ms) => (ms > span.toMs ? '' : (labels.get(ms) ?? ''))),
    },
    {
      ...shared,
      grid: { stroke: palette.line, width: 1 },
      size: 48,
      gap: 6,
      space: 36,
      values: (_, splits) => {
        const step = Math.abs((splits[1] ?? 0) - (splits[0] ?? 0)) / MWH_PER_KWH;
        const digits = digitsOf(step);
        return splits.map((mwh) => number(Math.abs(mwh) / MWH_PER_KWH, digits));
      },
    },
  ];
}

/** The fewest decimals with which neighbouring labels differ as they should: 2.5 needs one, 5 none. */
function digitsOf(step: number): 0 | 1 | 2 | 3 {
  for (const digits of [0, 1, 2] as const) {
    if (Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6) return digits;
  }
  return 3;
}
