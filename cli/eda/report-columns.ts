/** The head of a report: which column holds what of which metering point. */
import type { RowFaults } from '../tables/row-faults.ts';

export const FIELDS = ['consumed', 'offered', 'covered', 'surplusTitled', 'totalTitled'] as const;
export type Field = (typeof FIELDS)[number];

export type PointColumns = {
  readonly id: string;
  readonly role: 'consumer' | 'producer';
  /** Positions in a line; several when the point stands twice, for two periods of membership. */
  readonly at: Record<Field, number[]>;
};

export type ReportColumns = { readonly points: PointColumns[]; readonly qualityAt: number[] };

/** Beginnings of the titles in the line `Metercode`. */
const TITLES: readonly (readonly [string, Field])[] = [
  ['gesamtverbrauch', 'consumed'],
  ['anteil gemeinschaftliche', 'offered'],
  ['eigendeckung gemeinschaftliche', 'covered'],
  ['gesamt/überschusserzeugung', 'surplusTitled'],
  ['gesamte gemeinschaftliche', 'totalTitled'],
];

const NO_DATA = 'keine daten';

/** @param head the lines before the first stamp, by their first cell. */
export function readColumns(
  head: ReadonlyMap<string, { cells: string[]; line: number }>,
  faults: RowFaults,
): ReportColumns {
  const ids = head.get('MeteringpointID');
  const directions = head.get('Energy direction');
  const codes = head.get('Metercode');
  const columns: ReportColumns = { points: [], qualityAt: [] };
  if (!ids || !directions || !codes) {
    faults.add(null, 'the head lacks one of the lines MeteringpointID, Energy direction, Metercode');
    return columns;
  }
  const points = new Map<string, PointColumns>();
  for (let at = 1; at < ids.cells.length; at++) {
    const id = ids.cells[at] ?? '';
    if (id === 'MM') columns.qualityAt.push(at);
    if (id === '' || id === 'MM' || id === 'TOTAL') continue;
    const direction = directions.cells[at];
    if (direction !== 'CONSUMPTION' && direction !== 'GENERATION') {
      faults.add(
        directions.line,
        `column ${at + 1}: energy direction "${direction}" is neither CONSUMPTION nor GENERATION`,
      );
      continue;
    }
    const role = direction === 'CONSUMPTION' ? 'consumer' : 'producer';
    const point = points.get(`${role} ${id}`) ?? {
      id,
      role,
      at: { consumed: [], offered: [], covered: [], surplusTitled: [], totalTitled: [] },
    };
    points.set(`${role} ${id}`, point);
    const code = (codes.cells[at] ?? '').trim().toLowerCase();
    const field = TITLES.find(([beginning]) => code.startsWith(beginning))?.[1];
    if (field !== undefined) point.at[field].push(at);
    else if (!code.startsWith(NO_DATA))
      faults.add(codes.line, `column ${at + 1}: unknown Metercode "${code.slice(0, 60)}"`);
  }
  columns.points.push(...points.values());
  if (columns.points.length === 0) faults.add(ids.line, 'no metering point is named');
  return columns;
}
