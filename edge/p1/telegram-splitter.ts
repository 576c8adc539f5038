/** Cuts the bytes of a P1 port into telegrams; begins anywhere, survives anything. */

/** Telegrams of the widest meters (13 months of history, four tariffs) stay under 4 kB. */
export const TELEGRAM_BYTES_MAX = 8192;

/** From `/` to the end of the line that begins with `!`, as Latin-1 text; every byte is one character. */
export type TelegramSplitter = (chunk: Uint8Array) => string[];

export function createTelegramSplitter(): TelegramSplitter {
  let rest = '';
  return (chunk) => {
    rest += Buffer.from(chunk).toString('latin1');
    const telegrams: string[] = [];
    for (;;) {
      const end = /(?:^|\n)![^\n]{0,12}\n/.exec(rest);
      if (end === null) break;
      const until = end.index + end[0].length;
      // The last slash at a line's start: a telegram cut off by the next one is not joined with it.
      const start = lastStart(rest.slice(0, end.index + 1));
      if (start >= 0) telegrams.push(rest.slice(start, until));
      rest = rest.slice(until);
    }
    if (rest.length > TELEGRAM_BYTES_MAX) rest = rest.slice(-TELEGRAM_BYTES_MAX);
    return telegrams;
  };
}

function lastStart(text: string): number {
  const inside = text.lastIndexOf('\n/');
  return inside >= 0 ? inside + 1 : text.indexOf('/');
}
