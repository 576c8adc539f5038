/** The quarter hours of one day with their registers: every figure that made the line. */
import type { ShareInterval } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Scroller } from '../ui/scroller.tsx';

export type IntervalTableProps = {
  readonly intervals: readonly ShareInterval[];
  readonly chosen: number | null;
  readonly choose: (startMs: number) => void;
};
type Sum = 'consumedMwh' | 'allocatedMwh' | 'residualMwh';

export function IntervalTable({ intervals, chosen, choose }: IntervalTableProps) {
  const { format } = useApp();
  const columns = text.statement.columns;
  const sum = (key: Sum) => intervals.reduce((total, interval) => total + (interval[key] ?? 0), 0);
  return (
    <Scroller label={text.statement.proof} isTall>
      <table class="table interval-table">
        <thead>
          <tr>
            <th scope="col">{columns.start}</th>
            {[
              columns.opening,
              columns.closing,
              columns.consumed,
              columns.offered,
              columns.allocated,
              columns.residual,
            ].map((label) => (
              <th key={label} scope="col" class="is-number">
                {label}, kWh
              </th>
            ))}
            <th scope="col">{columns.quality}</th>
          </tr>
        </thead>
        <tbody>
          {intervals.map((interval) => (
            <IntervalRow
              key={interval.startMs}
              interval={interval}
              isChosen={interval.startMs === chosen}
              choose={() => choose(interval.startMs)}
            />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={3}>
              {text.statement.daySum}
            </th>
            <td class="is-number">{format.energyExact(sum('consumedMwh'))}</td>
            <td />
            <td class="is-number">{format.energyExact(sum('allocatedMwh'))}</td>
            <td class="is-number">{format.energyExact(sum('residualMwh'))}</td>
            <td />
          </tr>
        </tfoot>
      </table>
    </Scroller>
  );
}

type RowProps = { readonly interval: ShareInterval; readonly isChosen: boolean; readonly choose: () => void };

function IntervalRow({ interval, isChosen, choose }: RowProps) {
  const { format } = useApp();
  const label = `${format.time(interval.startMs)}`;
  return (
    <tr class={isChosen ? 'is-chosen' : ''} onClick={choose}>
      <th scope="row">
        <button type="button" class="pick" aria-pressed={isChosen}>
          {label}
        </button>
      </th>
      <td class="is-number">{format.energyFine(interval.openingMwh)}</td>
      <td class="is-number">{format.energyFine(interval.closingMwh)}</td>
      <td class="is-number">{format.energyExact(interval.consumedMwh)}</td>
      <td class="is-number">{format.energyExact(interval.offeredMwh)}</td>
      <td class="is-number">{format.energyExact(interval.allocatedMwh)}</td>
      <td class="is-number">{format.energyExact(interval.residualMwh)}</td>
      <td>{text.quality[interval.quality]}</td>
    </tr>
  );
}
