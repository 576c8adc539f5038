/** The register says who is a member: log-ins follow it where a crash or a failed commit left the two apart. */
import type { Db } from '../database.ts';
import { type LogIn, loginEmail } from './log-in.ts';

/**
 * Who has left, or never came to be registered, loses the log-in: it would keep the address from the next one. Others get
 * name and address of the register back. Two files cannot be committed as one, so this is done at start, and after a
 * change that failed.
 */
export async function alignLogIns(db: Db, logIn: LogIn): Promise<void> {
  // A transaction, so that no change of an address is under way meanwhile.
  await db.transaction().execute(async (tx) => {
    const rows = await tx.selectFrom('member').select(['id', 'name', 'email']).where('left_ms', 'is', null).execute();
    const present = new Map(rows.map((row) => [row.id, row]));
    const logins = logIn.addresses();
    for (const id of logins.keys()) if (!present.has(id)) await logIn.remove(id);
    for (const { id, name, email } of rows) {
      const address = logins.get(id);
      if (address === undefined || email === null || loginEmail(email) === address) continue;
      await logIn.change(id, { name, email });
    }
  });
}
