/** Why this number: one quarter hour told step by step, with every milliwatt-hour. */
import type { AllocationMethod, ShareInterval } from '@commonworks/core/api/index.ts';
import type { Format } from '../format/format.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';

const QUARTER_HOUR_MS = 900_000;

export function WhyThisNumber({ interval, method }: { interval: ShareInterval; method: AllocationMethod }) {
  const { format } = useApp();
  return (
    <section class="why" aria-live="polite">
      <h3>
        {text.statement.why}: {format.timeRange(interval.startMs, interval.startMs + QUARTER_HOUR_MS)}
      </h3>
      <ol>
        {stepsOf(interval, method, format).map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
    </section>
  );
}

function stepsOf(interval: ShareInterval, method: AllocationMethod, format: Format): string[] {
  const { openingMwh, closingMwh, consumedMwh, productionMwh, offeredMwh, allocatedMwh, residualMwh } = interval;
  const words = text.statement;
  const kwh = (mwh: number) => format.energyExact(mwh);
  if (consumedMwh === null || allocatedMwh === null || residualMwh === null) return [words.whyMissing];
  const steps =
    interval.method === 'substitute'
      ? [text.closing.whyTyped(kwh(consumedMwh), interval.reason ?? '')]
      : openingMwh === null || closingMwh === null
        ? [words.whyNoRegister(kwh(consumedMwh))]
        : [words.whyMeter(kwh(openingMwh), kwh(closingMwh), kwh(consumedMwh))];
  // A restart, a wrap or a dip lies between: the difference of the registers is not what was counted.
  if (openingMwh !== null && closingMwh !== null && closingMwh - openingMwh !== consumedMwh) steps.push(words.whyBreak);
  if (productionMwh !== null) steps.push(words.whyProduction(kwh(productionMwh)));
  if (offeredMwh !== null) steps.push(words.whyRule[method](kwh(offeredMwh)));
  steps.push(words.whyAllocated(kwh(allocatedMwh), kwh(residualMwh)));
  const { roundingMicroMwh } = interval;
  const isExact = roundingMicroMwh === 0;
  steps.push(isExact ? words.whyExact : words.whyRounding(format.signed(roundingMicroMwh / 1_000_000)));
  return steps;
}
