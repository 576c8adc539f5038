/** My month day by day, as bars and as a table. */
import type { MemberShare } from '@commonworks/core/api/index.ts';
import { daySpan, monthSpan } from '@commonworks/core/time.ts';
import { useMemo } from 'preact/hooks';
import type { Bar } from '../chart/bar-model.ts';
import { BarPlot } from '../chart/bar-plot.tsx';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { Scroller } from '../ui/scroller.tsx';
import { SHARE_SERIES } from './share-series.ts';

type Month = MemberShare['month'];

export function ShareMonth({ month }: { month: Month }) {
  const { format } = useApp();
  const bars = useMemo(() => barsOf(month, format.zone), [month, format.zone]);
  const ticks = useMemo(
    () =>
      bars.map((bar, index) => ({
        ms: (bar.fromMs + bar.toMs) / 2,
        label: format.dayOfMonth(month.days[index]?.day ?? ''),
      })),
    [bars, month, format],
  );
  if (bars.length === 0) return null;
  return (
    <section class="card">
      <h2>{text.share.monthTitle(format.month(month.month))}</h2>
      <BarPlot
        bars={bars}
        series={SHARE_SERIES}
        span={monthSpan(month.month, format.zone)}
        ticks={ticks}
        syncKey="share-month"
        heightPx={200}
        titleOf={(bar) => format.dateLong(bar.fromMs)}
        whole={format.month(month.month)}
      />
      <MonthTable days={month.days} />
    </section>
  );
}

function MonthTable({ days }: { days: Month['days'] }) {
  const { format } = useApp();
  return (
    <Fold title={text.today.table}>
      <Scroller label={text.today.table} isTall>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{text.booking.day}</th>
              <th scope="col" class="is-number">
                {text.share.used}, kWh
              </th>
              <th scope="col" class="is-number">
                {text.share.allocated}, kWh
              </th>
            </tr>
          </thead>
          <tbody>
            {days.map(({ day, consumedMwh, allocatedMwh }) => (
              <tr key={day}>
                <th scope="row">{format.day(day)}</th>
                <td class="is-number">{format.energyFine(consumedMwh)}</td>
                <td class="is-number">{format.energyFine(allocatedMwh)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </Fold>
  );
}

function barsOf(month: Month, zone: string): Bar[] {
  return month.days.map(({ day, consumedMwh, allocatedMwh }) => ({
    ...daySpan(day, zone),
    valuesMwh: [allocatedMwh, consumedMwh - allocatedMwh],
    quality: 'good' as const,
    coveragePct: 100,
  }));
}
