/** The lines of a statement: each opens to where its figure comes from. */
import type { Statement, StatementLine } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import type { Format } from '../format/format.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Icon } from '../ui/icons.tsx';
import { EnergyProof } from './energy-proof.tsx';

export function StatementLines({ statement }: { statement: Statement }) {
  const { format } = useApp();
  return (
    <>
      <ul class="statement-lines">
        {statement.lines.map((line) => (
          <li key={line.id} class="statement-line">
            <Line line={line} statement={statement} />
          </li>
        ))}
      </ul>
      <p class="statement-total">
        <span>{text.statement.total}</span>
        <span>{format.money(statement.totalMinor)}</span>
      </p>
    </>
  );
}

function Line({ line, statement }: { line: StatementLine; statement: Statement }) {
  const { format } = useApp();
  const [isOpen, setOpen] = useState(false);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="line-row">
        <span class="title">
          <Icon name="chevron" size={16} />
          {line.title}
        </span>
        <span class="amount">{format.money(line.amountMinor)}</span>
        <span class="reckoning">
          {reckoning(line, format)}
          {line.quality !== 'good' && `, ${text.quality[line.quality]}`}
        </span>
      </summary>
      {isOpen && (
        <div class="line-proof">
          <Proof line={line} statement={statement} />
          {line.transaction !== null && (
            <p class="small soft">
              {text.statement.postingProof} <span class="mono">{line.transaction}</span>
            </p>
          )}
        </div>
      )}
    </details>
  );
}

function reckoning(line: StatementLine, format: Format): string {
  if (line.kind === 'adjustment') return text.statement.adjustment;
  const price = format.price(line.unitPrice);
  if (line.unit === 's') return `${format.duration(line.quantity)} × ${price} ${text.statement.perHour}`;
  return `${format.energyExact(line.quantity)} kWh × ${price} ${text.statement.perKwh}`;
}

function Proof({ line, statement }: { line: StatementLine; statement: Statement }) {
  const { me } = useApp();
  if (line.kind === 'session') {
    return (
      <div class="stack is-tight">
        <p>{text.statement.sessionProof}</p>
        {me?.member === statement.member && (
          <p>
            <a href="/machines">{text.statement.openSessions}</a>
          </p>
        )}
      </div>
    );
  }
  return <EnergyProof statement={statement} />;
}
