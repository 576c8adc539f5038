/** What people call the agents of a site, by their ids; none when the register cannot be read. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { siteFiles } from '../site/site-files.ts';

export function edgeNames(site: string): ReadonlyMap<string, string> {
  try {
    const db = new DatabaseSync(join(siteFiles(site).data, 'community.db'), { readOnly: true, timeout: 5000 });
    try {
      const rows = db.prepare('SELECT id, name FROM edge').all();
      return new Map(rows.map((row) => [String(row['id']), String(row['name'])]));
    } finally {
      db.close();
    }
  } catch {
    return new Map();
  }
}
