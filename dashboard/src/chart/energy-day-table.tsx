/** The day as a table and as CSV: the same figures as the bars, for those who read or reckon. */
import type { EnergyDay } from '@commonworks/core/api/index.ts';
import { formatKwhText } from '../format/kwh-text.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { download, toCsv } from '../ui/csv.ts';
import { Fold } from '../ui/fold.tsx';
import { Scroller } from '../ui/scroller.tsx';
import { DAY_SERIES, valuesOf } from './day-balance.ts';

export function EnergyDayTable({ energyDay }: { energyDay: EnergyDay }) {
  const { format } = useApp();
  return (
    <Fold title={text.today.table}>
      <Scroller label={text.today.table} isTall>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{text.today.start}</th>
              {DAY_SERIES.map(({ label }) => (
                <th key={label} scope="col" class="is-number">
                  {label}, {text.today.kwh}
                </th>
              ))}
              <th scope="col" class="is-number">
                {text.today.coverage}
              </th>
              <th scope="col">{text.today.quality}</th>
            </tr>
          </thead>
          <tbody>
            {energyDay.intervals.map((interval) => (
              <tr key={interval.startMs}>
                <th scope="row">{format.time(interval.startMs)}</th>
                {valuesOf(interval).map((value, index) => (
                  <td key={DAY_SERIES[index]?.label} class="is-number">
                    {format.energyFine(value)}
                  </td>
                ))}
                <td class="is-number">{format.number(interval.coveragePct)} %</td>
                <td>{text.quality[interval.quality]}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </Fold>
  );
}

const CSV_HEAD = [
  'start',
  'sun_kwh',
  'battery_discharged_kwh',
  'grid_imported_kwh',
  'homes_kwh',
  'workshop_kwh',
  'battery_charged_kwh',
  'grid_exported_kwh',
  'coverage_pct',
  'quality',
] as const;

/** Times in UTC and full precision: for a spreadsheet or a program. */
export function downloadDay(energyDay: EnergyDay): void {
  const rows = energyDay.intervals.map((interval) => [
    new Date(interval.startMs).toISOString(),
    ...valuesOf(interval).map(formatKwhText),
    interval.coveragePct,
    interval.quality,
  ]);
  download(`energy-${energyDay.day}.csv`, toCsv([[...CSV_HEAD], ...rows]));
}
