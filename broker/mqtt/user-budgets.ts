/** What one user may ask of the broker: buckets that refill with elapsed time, the same over all its connections. */

export type Budget = { readonly burst: number; readonly perSecond: number };

/**
 * Far above what any agent of ours does, and far below what hurts. `connect`: an agent that flaps every two seconds stays
 * within it. `subscribe`: also UNSUBSCRIBE. `devices`: a list of 256 pages, eight times in a row. `live`: a thousand
 * devices that are told twice a second. `poison`: packs put into quarantine. `confirm`: PUBACK, PUBREC, PUBREL and PUBCOMP of
 * an edge, to which marks and commands are sent, and little else. `data`: bytes of packs; 120 kB a second are 2,000
 * readings, and a gigabyte is the outbox of a week: beyond it an edge is let wait, so that no one fills the disk by itself
 * in an hour. `days`: blocks of a day that its readings touch, where they are many in one commit.
 */
export const USER_BUDGETS = {
  connect: { burst: 60, perSecond: 1 },
  subscribe: { burst: 100, perSecond: 2 },
  ping: { burst: 60, perSecond: 1 },
  status: { burst: 120, perSecond: 2 },
  devices: { burst: 2048, perSecond: 16 },
  live: { burst: 20_000, perSecond: 2000 },
  poison: { burst: 50, perSecond: 0.1 },
  ask: { burst: 1000, perSecond: 25 },
  confirm: { burst: 5000, perSecond: 500 },
  overrun: { burst: 1000, perSecond: 1 },
  data: { burst: 1_073_741_824, perSecond: 262_144 },
  days: { burst: 1000, perSecond: 5 },
} as const satisfies Readonly<Record<string, Budget>>;

export type BudgetName = keyof typeof USER_BUDGETS;
export type UserBudgetsTable = Readonly<Record<BudgetName, Budget>>;

/** What is said of whoever goes beyond one. */
export const BUDGET_WORDS: Readonly<Record<BudgetName, string>> = {
  connect: 'it connects all the time',
  subscribe: 'it subscribes and unsubscribes all the time',
  ping: 'it sends PINGREQ all the time',
  status: 'it sends its status all the time',
  devices: 'it sends its device list all the time',
  live: 'it sends more live values than anybody can look at; the others are dropped',
  poison: 'it sends packs that cannot be read or taken, again and again',
  ask: 'it asks for the time all the time',
  confirm: 'it confirms what nobody sent',
  overrun: 'it sends more different devices, points or states, or more values that cannot be taken, than a site has',
  days: 'its readings lie on hundreds of different days: it is let wait for each pack',
  data: 'it sends more readings than a site has: it is let wait for each, and keeps the others itself',
};

/** As many as an access document has users; the ones unheard of longest begin anew, with full buckets. */
const USERS_MAX = 10_100;

type Bucket = { tokens: number; atMs: number };

export class UserBudgets {
  readonly #table: UserBudgetsTable;
  readonly #elapsedMs: () => number;
  readonly #users = new Map<string, Map<BudgetName, Bucket>>();

  constructor(table: UserBudgetsTable, elapsedMs: () => number) {
    this.#table = table;
    this.#elapsedMs = elapsedMs;
  }

  /** False when the budget is used up; what is refused costs nothing. */
  take(user: string, name: BudgetName, amount = 1): boolean {
    const bucket = this.#bucket(user, name);
    if (bucket.tokens < amount) return false;
    bucket.tokens -= amount;
    return true;
  }

  /** Takes it all the same, down to nothing: for what has happened already. True while something was left. */
  spend(user: string, name: BudgetName, amount: number): boolean {
    const bucket = this.#bucket(user, name);
    const isWithin = bucket.tokens >= amount;
    bucket.tokens = Math.max(0, bucket.tokens - amount);
    return isWithin;
  }

  /** Takes it, on credit if need be; returns how long until the credit is paid back, milliseconds. */
  owe(user: string, name: BudgetName, amount: number): number {
    const bucket = this.#bucket(user, name);
    bucket.tokens -= amount;
    return bucket.tokens >= 0 ? 0 : (-bucket.tokens / this.#table[name].perSecond) * 1000;
  }

  #bucket(user: string, name: BudgetName): Bucket {
    const { burst, perSecond } = this.#table[name];
    const nowMs = this.#elapsedMs();
    const own = this.#users.get(user) ?? this.#add(user);
    const bucket = own.get(name) ?? { tokens: burst, atMs: nowMs };
    bucket.tokens = Math.min(burst, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    own.set(name, bucket);
    // In the order they were last heard of.
    this.#users.delete(user);
    this.#users.set(user, own);
    return bucket;
  }

  #add(user: string): Map<BudgetName, Bucket> {
    if (this.#users.size >= USERS_MAX) {
      const [oldest] = this.#users.keys();
      if (oldest !== undefined) this.#users.delete(oldest);
    }
    const own = new Map<BudgetName, Bucket>();
    this.#users.set(user, own);
    return own;
  }
}
