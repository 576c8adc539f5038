/** Checks that cost memory and a thread, a few at a time: the newest of each user first, so that a flood of one never keeps another waiting. */

/** scrypt takes up to 32 MB and a thread each: more at once would only slow each other down. */
const AT_ONCE_MAX = 2;
/** More than these of one user are wrong guesses; the oldest is given up. */
const WAITING_PER_USER_MAX = 4;
const USERS_WAITING_MAX = 1000;

type Check = { readonly work: () => Promise<boolean>; readonly done: (isRight: boolean | null) => void };

export class DearChecks {
  readonly #waiting = new Map<string, Check[]>();
  #running = 0;

  /** Null when it was given up for newer ones of the same user. */
  check(user: string, work: () => Promise<boolean>): Promise<boolean | null> {
    return new Promise((resolve, reject) => {
      const guarded = () =>
        work().catch((error: unknown) => {
          reject(error);
          return false;
        });
      const queue = this.#waiting.get(user) ?? [];
      if (queue.length === 0 && this.#waiting.size >= USERS_WAITING_MAX) return resolve(null);
      queue.push({ work: guarded, done: resolve });
      if (queue.length > WAITING_PER_USER_MAX) queue.shift()?.done(null);
      this.#waiting.set(user, queue);
      this.#next();
    });
  }

  #next(): void {
    if (this.#running >= AT_ONCE_MAX) return;
    const [user, queue] = this.#waiting.entries().next().value ?? [];
    const check = queue?.pop();
    if (user === undefined || queue === undefined || check === undefined) return;
    // To the end of the row: every user has a turn before this one has another.
    this.#waiting.delete(user);
    if (queue.length > 0) this.#waiting.set(user, queue);
    this.#running += 1;
    void check
      .work()
      .then(check.done)
      .finally(() => {
        this.#running -= 1;
        this.#next();
      });
    this.#next();
  }
}
