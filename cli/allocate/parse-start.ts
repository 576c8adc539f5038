/** ISO 8601 instants with an offset, strictly: a start without one could be an hour off. */

const ISO = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?$/;
const MINUTE_MS = 60_000;

/** UTC epoch ms, or what is wrong with the text. */
export function parseStart(text: string): number | string {
  const match = ISO.exec(text);
  if (match === null) return `start "${text}" is not an ISO 8601 time such as 2023-03-26T01:45:00+01:00`;
  const [, year, month, day, hour, minute, second = '0', fraction = '0', offset] = match;
  if (offset === undefined) return `start "${text}" has no offset (Z or +01:00)`;
  if (Number(fraction) !== 0) return `start "${text}" is not a whole second`;
  const fields = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  fields[1] -= 1;
  const localMs = Date.UTC(...fields);
  const local = new Date(localMs);
  const isReal =
    local.getUTCMonth() === fields[1] && local.getUTCDate() === fields[2] && local.getUTCHours() === fields[3];
  if (!isReal || fields[4] > 59 || fields[5] > 59) return `start "${text}" is no real date and time`;
  const offsetMs = parseOffset(offset);
  return offsetMs === null ? `start "${text}" has an impossible offset` : localMs - offsetMs;
}

/** Offsets of the world reach from -12:00 to +14:00. */
function parseOffset(text: string): number | null {
  if (text === 'Z') return 0;
  const hours = Number(text.slice(1, 3));
  const minutes = Number(text.slice(-2));
  if (hours > 14 || minutes > 59) return null;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
}
