/** Where the checks of the log stand, in a file of its own: what judges a database does not keep its word in it. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { AuditPage } from '@commonworks/core/audit/index.ts';

export type Pages = Map<string, AuditPage>;

/** A file that is not there, or not whole, begins all rounds anew. */
export function loadPages(file: string): Pages {
  try {
    return new Map(JSON.parse(readFileSync(file, 'utf8')) as [string, AuditPage][]);
  } catch {
    return new Map();
  }
}

/** A full disk keeps nobody from looking: it is written the next time. */
export function savePages(file: string, pages: Pages): void {
  try {
    writeFileSync(`${file}.part`, JSON.stringify([...pages]));
    renameSync(`${file}.part`, file);
  } catch {
    // The next look writes it.
  }
}
