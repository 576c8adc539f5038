/** Commands: none carried out after its time, none twice, by the receipts of their edges. */
import {
  auditKey,
  type Check,
  FAULTS_PER_SLICE_MAX,
  type Fault,
  keyParts,
  lastSlice,
  type Slice,
} from '@commonworks/core/audit/index.ts';
import type { Db } from '../database.ts';
import type { Looking } from './looking.ts';

const COMMANDS_MAX = 300;
/** Of its life, a minute: clocks that differ by 10 s make no command late. The life grows with a demo's speed. */
const ACCEPT_GRACE = 1 / 6;
/** A write that began in time may take its retries. */
const WRITE_GRACE = 1;

type Command = { id: string; device: string; kind: string; issued_ms: number; expires_ms: number };
type Step = { command: string; state: string; at_ms: number };

export function createCommandsCheck({ inOneMoment }: Looking, everyMs: number): Check {
  const look: Check['look'] = ({ after }) => inOneMoment((db) => lookAfter(db, keyParts(after)[0] ?? -1));
  return { name: 'commands', invariant: 'commands', everyMs, look };
}

async function lookAfter(db: Db, afterMs: number): Promise<Slice> {
  const ofAll = db.selectFrom('command').select(['id', 'device', 'kind', 'issued_ms', 'expires_ms']);
  let commands = await ofAll.where('issued_ms', '>', afterMs).orderBy('issued_ms').limit(COMMANDS_MAX).execute();
  const isLast = commands.length < COMMANDS_MAX;
  const toMs = commands.at(-1)?.issued_ms ?? afterMs;
  // A millisecond is not cut in two.
  if (!isLast) commands = await ofAll.where('issued_ms', '>', afterMs).where('issued_ms', '<=', toMs).execute();
  const steps = Map.groupBy(await stepsOf(db, commands), (step) => step.command);
  const faults = commands.flatMap((command): Fault[] => {
    const message = commandFault(command, steps.get(command.id) ?? []);
    if (message === null) return [];
    return [
      {
        at: auditKey(command.issued_ms),
        subject: `command ${command.id}`,
        message: `${command.kind} for ${command.device}: ${message}`,
      },
    ];
  });
  const some = faults.slice(0, FAULTS_PER_SLICE_MAX);
  if (isLast) return lastSlice(commands.length, some);
  return { next: { after: auditKey(toMs), memo: '' }, isRound: false, checked: commands.length, faults: some };
}

async function stepsOf(db: Db, commands: readonly Command[]): Promise<Step[]> {
  if (commands.length === 0) return [];
  return await db
    .selectFrom('command_step')
    .select(['command', 'state', 'at_ms'])
    .where(
      'command',
      'in',
      commands.map(({ id }) => id),
    )
    .execute();
}

function commandFault({ issued_ms, expires_ms }: Command, steps: readonly Step[]): string | null {
  const lifeMs = expires_ms - issued_ms;
  for (const [state, grace] of [
    ['accepted', ACCEPT_GRACE],
    ['written', WRITE_GRACE],
  ] as const) {
    const own = steps.filter((step) => step.state === state);
    if (own.length > 1) return `it was carried out ${own.length} times`;
    const lateMs = (own[0]?.at_ms ?? 0) - expires_ms;
    if (lateMs > lifeMs * grace) return `it was carried out ${Math.round(lateMs / 1000)} s after its time was over`;
  }
  return null;
}
