/** People and places stand by id in what is kept, so that a name can be erased; this puts names back for readers. */
import type { MonthReadiness, RegisterAccount, RegisterReadiness } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';

/** By reference: `point/ID` and `member/ID`. */
export type Names = ReadonlyMap<string, string>;

export const pointRef = (id: string): string => `point/${id}`;
export const memberRef = (id: string): string => `member/${id}`;

const REFERENCE = /\b(point|member)\/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\bmember\/service\b/g;

export async function readNames(db: Db): Promise<Names> {
  const points = await db.selectFrom('metering_point').select(['id', 'name']).execute();
  const members = await db.selectFrom('member').select(['id', 'name']).execute();
  return new Map([
    ...points.map(({ id, name }) => [pointRef(id), name] as const),
    ...members.map(({ id, name }) => [memberRef(id), name] as const),
    [memberRef('service'), 'a program of the community'],
  ]);
}

export function nameReferences(text: string, names: Names): string {
  return text.replace(REFERENCE, (found) => names.get(found) ?? 'somebody or something no longer registered');
}

export function nameAccount(account: RegisterAccount, names: Names): RegisterAccount {
  return {
    ...account,
    pointName: nameReferences(account.pointName, names),
    substitutes: account.substitutes.map((one) => ({ ...one, author: nameReferences(one.author, names) })),
  };
}

export function nameReadiness(readiness: MonthReadiness, names: Names): MonthReadiness {
  const registers = readiness.registers.map(
    (register): RegisterReadiness => ({
      ...register,
      ...nameAccount(register, names),
      owner: register.owner === null ? null : nameReferences(register.owner, names),
      decisions: register.decisions.map((one) => ({ ...one, author: nameReferences(one.author, names) })),
    }),
  );
  return { ...readiness, registers };
}
