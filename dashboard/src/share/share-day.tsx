/** My day by quarter hour: what came from our own, what from my supplier. */
import type { MemberShare } from '@commonworks/core/api/index.ts';
import { daySpan } from '@commonworks/core/time.ts';
import { useMemo } from 'preact/hooks';
import type { Bar } from '../chart/bar-model.ts';
import { BarPlot } from '../chart/bar-plot.tsx';
import { dayTicks } from '../chart/day-ticks.ts';
import { LegendKeys } from '../chart/legend-keys.tsx';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { SHARE_SERIES } from './share-series.ts';

const QUARTER_HOUR_MS = 900_000;

export function ShareDay({ share }: { share: MemberShare }) {
  const { format } = useApp();
  const { day } = share;
  const bars = useMemo(() => barsOf(share), [share]);
  const ticks = useMemo(() => dayTicks(day.day, format), [day.day, format]);
  return (
    <section class="card">
      <h2>{text.share.dayTitle}</h2>
      {bars.length === 0 ? (
        <p class="soft">{text.today.none}</p>
      ) : (
        <>
          <BarPlot
            bars={bars}
            series={SHARE_SERIES}
            span={daySpan(day.day, format.zone)}
            ticks={ticks}
            syncKey="share"
            heightPx={220}
            titleOf={(bar) => format.timeRange(bar.fromMs, bar.toMs)}
            whole={text.today.dayUntilNow}
          />
          <LegendKeys bars={bars} />
          <p class="only-read">
            {text.share.summary(format.energyText(day.totals.consumedMwh), format.energyText(day.totals.allocatedMwh))}
          </p>
        </>
      )}
    </section>
  );
}

function barsOf(share: MemberShare): Bar[] {
  return share.day.intervals.map((interval) => ({
    fromMs: interval.startMs,
    toMs: interval.startMs + QUARTER_HOUR_MS,
    valuesMwh: [interval.allocatedMwh, interval.residualMwh],
    quality: interval.quality,
    coveragePct: interval.coveragePct,
  }));
}
