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

export function BarLegend({ bars, series, hovered, titleOf, whole }: BarLegendProps) {
  const { format } = useApp();
  const bar = hovered === null ? undefined : bars[hovered];
  return (
    <div class="legend" aria-hidden="true">
      <span class="legend-title">{bar === undefined ? whole : titleOf(bar)}</span>
      <ul>
        {series.map(({ label, hue }, index) => {
          const value = bar === undefined ? totalOf(bars, index) : (bar.valuesMwh[index] ?? null);
          return (
            <li key={label} class={`kind-${hue}`}>
              <span class="dot is-square" />
              <span>{label}</span>
              <span class="strong nowrap">
                {bar === undefined ? format.energyText(value) : `${format.energyFine(value)} kWh`}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
