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

/** What a neighbour looks for first stands first: on a phone the registers are a swipe away. */
const COLUMNS = [
  { key: 'consumedMwh', label: text.statement.columns.consumed, isSummed: true },
  { key: 'allocatedMwh', label: text.statement.columns.allocated, isSummed: true },
  { key: 'residualMwh', label: text.statement.columns.residual, isSummed: true },
  { key: 'offeredMwh', label: text.statement.columns.offered, isSummed: false },
  { key: 'openingMwh', label: text.statement.columns.opening, isSummed: false },
  { key: 'closingMwh', label: text.statement.columns.closing, isSummed: false },
] as const;

export function IntervalTable({ intervals, chosen, choose }: IntervalTableProps) {
  const { format } = useApp();
  const sum = (key: (typeof COLUMNS)[number]['key']) =>
    intervals.reduce((total, interval) => total + (interval[key] ?? 0), 0);
  return (
    <Scroller label={text.statement.proof} isTall>
      <table class="table interval-table">
        <thead>
          <tr>
            <th scope="col">{text.statement.columns.start}</th>
            {COLUMNS.map(({ key, label }) => (
              <th key={key} scope="col" class="is-number">
                {label}, kWh
              </th>
            ))}
            <th scope="col">{text.statement.columns.quality}</th>
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
            <th scope="row">{text.statement.daySum}</th>
            {COLUMNS.map(({ key, isSummed }) => (
              <td key={key} class="is-number">
                {isSummed ? format.energyExact(sum(key)) : ''}
              </td>
            ))}
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
  return (
    <tr class={isChosen ? 'is-chosen' : ''} onClick={choose}>
      <th scope="row">
        <button type="button" class="pick" aria-pressed={isChosen}>
          {format.time(interval.startMs)}
        </button>
      </th>
      {COLUMNS.map(({ key }) => (
        <td key={key} class="is-number">
          {format.energyExact(interval[key])}
        </td>
      ))}
      <td>{originOf(interval)}</td>
    </tr>
  );
}

/** A value that somebody typed never passes for measured. */
function originOf({ quality, method, reason }: ShareInterval): string {
  if (method !== 'substitute') return text.quality[quality];
  return text.closing.methodOf.substitute(reason ?? '');
}
