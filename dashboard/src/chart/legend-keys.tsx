/** Explains the marks that occur in a chart, and only those. */
import { text } from '../text/text.ts';
import { type Bar, isEmpty } from './bar-model.ts';

export function LegendKeys({ bars }: { bars: readonly Bar[] }) {
  const hasEstimate = bars.some((bar) => bar.quality === 'estimated');
  const hasGap = bars.some(isEmpty);
  const hasPart = bars.some((bar) => bar.coveragePct < 100 && !isEmpty(bar));
  if (!hasEstimate && !hasGap && !hasPart) return null;
  return (
    <ul class="legend-keys">
      {hasEstimate && (
        <li class="kind-sun">
          <span class="dot is-square is-hatched" />
          {text.today.legendEstimated}
        </li>
      )}
      {hasGap && (
        <li>
          <span class="key-gap" />
          {text.today.legendGap}
        </li>
      )}
      {hasPart && (
        <li>
          <span class="key-part" />
          {text.today.legendCoverage}
        </li>
      )}
    </ul>
  );
}
