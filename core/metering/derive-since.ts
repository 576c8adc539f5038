/** Derives again what a change touched: from a kept state before it, or an earlier one when the change tells of more. */
import type { CounterState } from './counter-state.ts';
import { type DerivedRegister, type DeriveRules, deriveRegister, type RegisterHistory } from './derive-register.ts';
import type { Checkpoint } from './judge-counter.ts';

/** Where a register's readings and the states of its judgement are kept. */
export type RegisterStore = {
  /** The newest state kept for a time not later than this; null: begin with the first reading. */
  readonly checkpointUpTo: (timeMs: number) => Promise<Checkpoint | null>;
  /** The readings from `fromMs` on, which `after` is the state before, with the power from `powerFromMs` on. */
  readonly readFrom: (from: ReadFrom) => Promise<Omit<RegisterHistory, 'from'>>;
};

export type ReadFrom = {
  readonly fromMs: number;
  readonly powerFromMs: number;
  readonly after: CounterState | undefined;
};

/** What replaces everything known from `fromMs` on: the intervals, the unplaced energy, judgements and states. */
export type Rederived = DerivedRegister & { readonly fromMs: number };

/** @param changedMs no reading before it came, went or changed since the states were kept. */
export async function deriveSince(changedMs: number, store: RegisterStore, rules: DeriveRules): Promise<Rederived> {
  let neededMs = Math.floor(changedMs / rules.lengthMs) * rules.lengthMs;
  for (;;) {
    const checkpoint = await store.checkpointUpTo(neededMs);
    if (checkpoint !== null && checkpoint.reachMs !== null) {
      neededMs = Math.min(checkpoint.reachMs, checkpoint.timeMs - 1);
      continue;
    }
    const fromMs = checkpoint?.timeMs ?? Number.MIN_SAFE_INTEGER;
    // What the state still holds is judged by its power once more.
    const powerFromMs = checkpoint?.state.recent[0]?.flatSinceMs ?? fromMs;
    const history = await store.readFrom({ fromMs, powerFromMs, after: checkpoint?.state });
    const derivation = deriveRegister({ ...history, from: checkpoint?.state }, rules);
    if ('done' in derivation) return { ...derivation.done, fromMs };
    neededMs = Math.min(derivation.needsFromMs, fromMs - 1);
  }
}
