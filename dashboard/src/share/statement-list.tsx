/** Somebody's statements, newest first: draft or settled, with the amount. */
import type { StatementSummary } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Icon } from '../ui/icons.tsx';

/** `base` is the address that the month is added to. */
export function StatementList({ list, base = '/share' }: { list: readonly StatementSummary[]; base?: string }) {
  const { format } = useApp();
  if (list.length === 0) return <p class="soft">{text.share.noStatements}</p>;
  const newestFirst = list.toSorted((a, b) => b.month.localeCompare(a.month));
  return (
    <ul class="links">
      {newestFirst.map((statement) => (
        <li key={statement.month}>
          <a href={`${base}/${statement.month}`} class="link-row">
            <span class="stack is-tight">
              <span class="strong">{format.month(statement.month)}</span>
              <StatusBadge status={statement.status} />
            </span>
            <span class="link-end">
              <span class="strong">{format.money(statement.totalMinor)}</span>
              <Icon name="chevron" size={16} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

export function StatusBadge({ status }: { status: StatementSummary['status'] }) {
  return status === 'settled' ? (
    <Badge hue="battery" icon="lock" word={text.statement.settled} />
  ) : (
    <Badge hue="neutral" icon="stale" word={text.statement.draft} isStale />
  );
}
