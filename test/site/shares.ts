/** What the neighbours got, added up from the table and not by the allocation's own code. */
import { withDatabase } from './stored.ts';

/** What consumers got, plus the surplus, is the production, without what a battery gives back of the grid's energy; returns the intervals in which it is not. */
export function checkShares(communityFile: string): { count: number; wrong: unknown[] } {
  return withDatabase(communityFile, (db) => {
    const sums = `
      SELECT s.start_ms, t.production_mwh AS production, t.allocated_mwh AS allocated,
        SUM(CASE WHEN s.direction = 0 THEN s.allocated_mwh ELSE 0 END) AS consumers,
        SUM(CASE WHEN s.direction = 1 THEN s.allocated_mwh ELSE 0 END) AS producers,
        SUM(CASE WHEN s.direction = 1 THEN s.offered_mwh - s.allocated_mwh ELSE 0 END) AS surplus
      FROM interval_share s JOIN interval_total t ON t.start_ms = s.start_ms GROUP BY s.start_ms`;
    const wrong = db
      .prepare(
        `SELECT * FROM (${sums}) WHERE consumers <> allocated OR producers <> allocated OR consumers + surplus <> production LIMIT 20`,
      )
      .all();
    return { count: Number(db.prepare('SELECT count(*) AS n FROM interval_total').get()?.['n']), wrong };
  });
}
