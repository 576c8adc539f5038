/** What users may ask of the broker, and what follows when one asks for more: it is cut, told of, and let in later. */
import type { ErrorCode } from '@commonworks/core';
import type { Misdeed } from '../access/misuse.ts';
import type { BrokerLog } from '../broker-log.ts';
import type { MqttLimits } from './limits.ts';
import { SharedIds } from './shared-ids.ts';
import { BUDGET_WORDS, type BudgetName, UserBudgets, type UserBudgetsTable } from './user-budgets.ts';

export type MannersOptions = {
  readonly limits: Pick<MqttLimits, 'penaltyMs' | 'penaltyMaxMs'>;
  readonly budgets: UserBudgetsTable;
  readonly log: BrokerLog;
  readonly elapsedMs: () => number;
  readonly misdeed: (misdeed: Misdeed) => void;
};

type Penalty = { ms: number; untilMs: number };

/** Good manners for this long, and the next penalty is the first again. */
const FORGIVEN_MS = 600_000;
const USERS_MAX = 10_100;

export class Manners {
  readonly #options: MannersOptions;
  readonly #budgets: UserBudgets;
  readonly #sharedIds: SharedIds;
  readonly #penalties = new Map<string, Penalty>();

  constructor(options: MannersOptions) {
    this.#options = options;
    this.#budgets = new UserBudgets(options.budgets, options.elapsedMs);
    this.#sharedIds = new SharedIds(options.elapsedMs);
  }

  /** False beyond the budget: then the caller ends its connections. */
  spend(user: string, name: BudgetName, amount = 1): boolean {
    if (this.#budgets.spend(user, name, amount)) return true;
    this.#penalize(user);
    return false;
  }

  /** False beyond the budget: told of, but nobody is cut. */
  isWithin(user: string, name: BudgetName): boolean {
    if (this.#budgets.take(user, name)) return true;
    this.#misdeed(user, 'broker.budget-exceeded', BUDGET_WORDS[name]);
    return false;
  }

  /** Returns how long what was sent has to wait; told of when it does. */
  pace(user: string, name: BudgetName, amount: number): number {
    const waitMs = this.#budgets.owe(user, name, amount);
    if (waitMs > 0) this.#misdeed(user, 'broker.budget-exceeded', BUDGET_WORDS[name]);
    return waitMs;
  }

  /** Somebody with the right secret connects, perhaps in the place of a connection from `before`. Returns how long it has to wait. */
  connects(user: string, at: { readonly address: string; readonly before: string | null }): number {
    const { address, before } = at;
    if (before !== null) this.#noteShared(user, this.#sharedIds.takenOver(user, { address, from: before }));
    if (!this.#budgets.take(user, 'connect')) {
      this.#penalize(user);
      this.#misdeed(user, 'broker.budget-exceeded', BUDGET_WORDS.connect);
    }
    return Math.max(0, (this.#penalties.get(user)?.untilMs ?? 0) - this.#options.elapsedMs());
  }

  toldBoot(user: string, boot: string): void {
    this.#noteShared(user, this.#sharedIds.told(user, boot));
  }

  #noteShared(user: string, reason: string | null): void {
    if (reason !== null) this.#misdeed(user, 'broker.client-id-shared', reason);
  }

  #misdeed(user: string, code: ErrorCode, reason: string): void {
    this.#options.log.warn({ code, user }, reason);
    this.#options.misdeed({ user, code, reason });
  }

  #penalize(user: string): void {
    const { limits, elapsedMs } = this.#options;
    const nowMs = elapsedMs();
    const known = this.#penalties.get(user);
    if (known !== undefined && nowMs < known.untilMs) return;
    if (this.#penalties.size >= USERS_MAX) this.#penalties.clear();
    const isRepeated = known !== undefined && nowMs - known.untilMs < FORGIVEN_MS;
    const ms = isRepeated ? Math.min(known.ms * 2, limits.penaltyMaxMs) : limits.penaltyMs;
    this.#penalties.set(user, { ms, untilMs: nowMs + ms });
  }
}
