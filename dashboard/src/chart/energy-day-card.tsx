/** A day of the community by quarter hour: chart, read-out, table, CSV; with steps to the days before. */
import type { EnergyDay } from '@commonworks/core/api/index.ts';
import { daySpan } from '@commonworks/core/time.ts';
import { useMemo, useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useDay } from '../state/use-day.ts';
import { text } from '../text/text.ts';
import { DayStepper } from '../ui/day-stepper.tsx';
import { Icon } from '../ui/icons.tsx';
import { Loaded } from '../ui/states.tsx';
import { BarPlot } from './bar-plot.tsx';
import { balanceOf, DAY_SERIES, dayBars } from './day-balance.ts';
import { dayTicks } from './day-ticks.ts';
import { downloadDay, EnergyDayTable } from './energy-day-table.tsx';
import { LegendKeys } from './legend-keys.tsx';

export function EnergyDayCard({ today }: { today: string }) {
  const { format } = useApp();
  const [chosen, setChosen] = useState<string | null>(null);
  const day = chosen ?? today;
  const resource = useDay(day);
  return (
    <section class="card">
      <div class="row is-apart">
        <h2>{day === today ? text.today.title : text.today.titleDay(format.day(day))}</h2>
        <DayStepper day={day} lastDay={today} choose={(next) => setChosen(next === today ? null : next)} />
      </div>
      <Loaded resource={resource}>
        {(data) => (
          <div class={data.day === day ? '' : 'is-waiting'}>
            <EnergyDayView energyDay={data} isToday={data.day === today} />
          </div>
        )}
      </Loaded>
    </section>
  );
}

function EnergyDayView({ energyDay, isToday }: { energyDay: EnergyDay; isToday: boolean }) {
  const { format } = useApp();
  const bars = useMemo(() => dayBars(energyDay), [energyDay]);
  const ticks = useMemo(() => dayTicks(energyDay.day, format), [energyDay.day, format]);
  const balance = balanceOf(energyDay);
  if (bars.length === 0) return <p class="soft">{isToday ? text.today.none : text.today.noneThen}</p>;
  return (
    <div class="stack">
      <p class="small soft">
        {text.today.howTo} {text.today.kwhPerQuarter}.
      </p>
      <BarPlot
        bars={bars}
        series={DAY_SERIES}
        span={daySpan(energyDay.day, format.zone)}
        ticks={ticks}
        syncKey="community"
        heightPx={300}
        titleOf={(bar) => format.timeRange(bar.fromMs, bar.toMs)}
        whole={isToday ? text.today.dayUntilNow : text.today.wholeDay}
      />
      <LegendKeys bars={bars} />
      <p class="only-read">
        {text.today.summary(
          format.dayLong(energyDay.day),
          balance.sunMwh === null ? null : format.energyText(balance.sunMwh),
          balance.useMwh === null ? null : format.energyText(balance.useMwh),
        )}
      </p>
      <div class="row is-apart">
        <button type="button" class="button is-quiet is-flush" onClick={() => downloadDay(energyDay)}>
          <Icon name="download" size={16} />
          {text.today.csv}
        </button>
      </div>
      <EnergyDayTable energyDay={energyDay} />
    </div>
  );
}
