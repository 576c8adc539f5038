/** The legend of a bar chart; it reads out the bar under the crosshair, and the sums when there is none. */
import { useApp } from '../state/app.ts';
import { type Bar, type BarSeries, totalOf } from './bar-model.ts';

export type BarLegendProps = {
  readonly bars: readonly Bar[];
  readonly series: readonly BarSeries[];
  readonly hovered: number | null;
  readonly titleOf: (bar: Bar) => string;
  readonly whole: string;
};

/** What goes up stands before what goes down, each in rows of its own. */
const SIDES = ['up', 'down'] as const;

export function BarLegend({ bars, series, hovered, titleOf, whole }: BarLegendProps) {
  const bar = hovered === null ? undefined : bars[hovered];
  return (
    <div class="legend" aria-hidden="true">
      <span class="legend-title">{bar === undefined ? whole : titleOf(bar)}</span>
      {SIDES.map((side) => (
        <ul key={side}>
          {series.map((each, index) =>
            each.side === side ? (
              <Entry
                key={each.label}
                series={each}
                bar={bar}
                mwh={bar === undefined ? totalOf(bars, index) : (bar.valuesMwh[index] ?? null)}
              />
            ) : null,
          )}
        </ul>
      ))}
    </div>
  );
}

function Entry({ series, bar, mwh }: { series: BarSeries; bar: Bar | undefined; mwh: number | null }) {
  const { format } = useApp();
  return (
    <li class={`kind-${series.hue}`}>
      <span class="dot is-square" />
      <span>{series.label}</span>
      <span class="strong nowrap">{bar === undefined ? format.energyText(mwh) : `${format.energyFine(mwh)} kWh`}</span>
    </li>
  );
}
