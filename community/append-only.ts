/** SQL that makes a table append-only, against INSERT OR REPLACE as well. */

/**
 * `key` names the columns of the primary key. A replacing insert deletes silently unless recursive_triggers is on,
 * and any connection may switch that off: so the insert itself is guarded too.
 */
export function appendOnly(table: string, key: readonly string[]): string {
  const same = key.map((column) => `${column} = NEW.${column}`).join(' AND ');
  const abort = `BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`;
  return `
    CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table} ${abort};
    CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table} ${abort};
    CREATE TRIGGER ${table}_no_replace BEFORE INSERT ON ${table}
      WHEN EXISTS (SELECT 1 FROM ${table} WHERE ${same}) ${abort};
  `;
}
