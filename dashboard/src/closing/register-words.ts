/** Words about one register of the data-quality list. */
import type { RegisterReadiness } from '@commonworks/core/api/index.ts';
import type { Format } from '../format/format.ts';
import { text } from '../text/text.ts';

type Named = Pick<RegisterReadiness, 'pointName' | 'role' | 'register'>;

/** A store has two registers under one name. */
export function registerName({ pointName, role, register }: Named): string {
  if (role !== 'storage') return pointName;
  return `${pointName}, ${register === 'importedWh' ? text.closing.took : text.closing.gave}`;
}

/** What is known of its gaps, a sentence each. */
export function gapSentences(register: RegisterReadiness, format: Format): string[] {
  const words = text.closing;
  const span = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
    [format.dateTime(fromMs), format.dateTime(toMs)] as const;
  const listed = (spans: readonly { intervals: number }[], all: number) =>
    all - spans.reduce((sum, { intervals }) => sum + intervals, 0);
  const more = listed(register.missingSpans, register.missing) + listed(register.placedSpans, register.placed);
  return [
    ...register.missingSpans.map((one) => words.missingSpan(...span(one), one.intervals)),
    ...register.placedSpans.map((one) => words.placedSpan(...span(one), one.intervals)),
    ...(more > 0 ? [words.moreSpans(more)] : []),
    ...register.unplaced.map((one) => {
      const said = words.unplacedSpan(format.energyExact(one.energyMwh), ...span(one));
      if (one.substitutedMwh === 0) return said;
      return `${said} ${words.unplacedTyped(format.energyExact(one.remainingMwh), format.energyExact(one.substitutedMwh))}`;
    }),
    ...silence(register, format),
  ];
}

function silence({ missing, newestMs }: RegisterReadiness, format: Format): string[] {
  if (missing === 0) return [];
  return [newestMs === null ? text.closing.silent : text.closing.heardUntil(format.dateTime(newestMs))];
}
