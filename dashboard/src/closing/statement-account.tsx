/** On a statement: what a person typed, and what passed the meter and stands in no quarter hour. */
import type { RegisterAccount } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';

export function StatementAccount({ account }: { account: readonly RegisterAccount[] }) {
  const { format } = useApp();
  if (account.length === 0) return null;
  const span = ({ fromMs, toMs }: { fromMs: number; toMs: number }) =>
    [format.dateTime(fromMs), format.dateTime(toMs)] as const;
  return (
    <section class="card">
      <h2>{text.closing.accountTitle}</h2>
      {account.map(({ point, pointName, register, substitutes, unplaced }) => (
        <div key={`${point}/${register}`} class="stack is-tight">
          <h3>{pointName}</h3>
          {substitutes.map((one) => (
            <p key={one.id}>
              {text.closing.accountTyped(format.energyExact(one.energyMwh), ...span(one))}{' '}
              <span class="soft">{text.closing.typedBy(one.reason, one.author, format.dateTime(one.createdMs))}</span>
            </p>
          ))}
          {unplaced
            .filter(({ remainingMwh }) => remainingMwh !== 0)
            .map((one) => (
              <p key={one.fromMs}>
                {unplacedText(one.remainingMwh)(format.energyExact(Math.abs(one.remainingMwh)), ...span(one))}
              </p>
            ))}
        </div>
      ))}
    </section>
  );
}

function unplacedText(remainingMwh: number) {
  return remainingMwh > 0 ? text.closing.accountUnplaced : text.closing.accountOver;
}
