/** A bar chart with the legend that reads it out. */
import { useState } from 'preact/hooks';
import { BarChart, type BarChartProps } from './bar-chart.tsx';
import { BarLegend, type BarLegendProps } from './bar-legend.tsx';

export type BarPlotProps = Omit<BarChartProps, 'onHover'> & Pick<BarLegendProps, 'titleOf' | 'whole'>;

export function BarPlot({ titleOf, whole, ...chart }: BarPlotProps) {
  const [hovered, setHovered] = useState<number | null>(null);
  return (
    <>
      <BarChart {...chart} onHover={setHovered} />
      <BarLegend bars={chart.bars} series={chart.series} hovered={hovered} titleOf={titleOf} whole={whole} />
    </>
  );
}
