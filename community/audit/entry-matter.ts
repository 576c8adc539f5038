/** What an entry is about names its id, and an id is there once: so an id that its matter does not give is a second posting. */
import { entryId, type LedgerEntry } from '@commonworks/core/ledger/index.ts';
import type { PeriodHeader } from '@commonworks/core/settlement/index.ts';
import type { Db } from '../database.ts';
import { sha256 } from '../ledger/sha256.ts';

type Posted = { readonly position: number; readonly id: string; readonly entry: LedgerEntry };
type MatterFault = { readonly position: number; readonly message: string };
/** Owners of every point, by month and version. */
type Owners = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** One query, however many entries. Payments name their own matter. */
export async function matterFaults(db: Db, posted: readonly Posted[]): Promise<MatterFault[]> {
  const owners = await ownersOf(db, new Set(posted.flatMap(({ entry }) => monthOf(entry) ?? [])));
  return posted.flatMap(({ position, id, entry }) => {
    const message = entry.kind === 'payment' ? null : matterFault(id, entry, owners);
    return message === null ? [] : [{ position, message }];
  });
}

const monthOf = ({ references }: LedgerEntry): string | null =>
  typeof references['month'] === 'string' ? references['month'] : null;

async function ownersOf(db: Db, months: ReadonlySet<string>): Promise<Owners> {
  if (months.size === 0) return new Map();
  const runs = await db
    .selectFrom('settlement_run')
    .select(['month', 'version', 'header'])
    .where('month', 'in', [...months])
    .execute();
  return new Map(
    runs.map(({ month, version, header }) => {
      const { points } = JSON.parse(header) as PeriodHeader;
      return [`${month}/${version}`, new Map(points.map(({ id, owner }) => [id, owner]))];
    }),
  );
}

function matterFault(id: string, { kind, community, references }: LedgerEntry, owners: Owners): string | null {
  const figure = (name: string) => references[name] ?? '';
  if (kind === 'session') {
    const own = entryId(['session', community, figure('session')], sha256);
    return own === id ? null : 'the session it charges has another entry already, or none';
  }
  const [month, version, point] = [String(figure('month')), Number(figure('version')), String(figure('point'))];
  if (!owners.has(`${month}/${version}`))
    return `it names version ${version} of ${month}, and there is no such settlement`;
  // A correction also takes back what was posted to who owned the point before.
  const holders = [version, version - 1].flatMap((number) => owners.get(`${month}/${number}`)?.get(point) ?? []);
  const matter = ['settlement', community, month, version, point, figure('direction'), figure('tariff')] as const;
  const isOwn = holders.some((owner) => entryId([...matter, owner], sha256) === id);
  return isOwn ? null : `the same register was posted before for ${month}, version ${version}`;
}
