/** Settlement runs, newest first: what was shared out, why one was refused, the fingerprints. */
import type { Settlement, StorageSums } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Figure } from '../ui/figure.tsx';

export function SettlementList({ runs }: { runs: readonly Settlement[] }) {
  if (runs.length === 0) return <p class="soft">{text.treasury.noRuns}</p>;
  const newestFirst = runs.toSorted((a, b) => b.createdMs - a.createdMs);
  return (
    <ul class="stack">
      {newestFirst.map((run) => (
        <SettlementCard key={run.id} run={run} />
      ))}
    </ul>
  );
}

function SettlementCard({ run }: { run: Settlement }) {
  const { format } = useApp();
  const isSettled = run.status === 'settled';
  return (
    <li class="card">
      <div class="row is-apart">
        <h3>{format.month(run.month)}</h3>
        <Badge
          hue={isSettled ? 'battery' : 'alarm'}
          icon={isSettled ? 'lock' : 'cross'}
          word={text.treasury.status[run.status]}
        />
      </div>
      <p class="small soft">
        {text.treasury.version} {run.version}, {text.share.methodName[run.method]}, {text.treasury.made}{' '}
        {format.dateTime(run.createdMs)}
      </p>
      {run.reasons.length > 0 && (
        <ul class="refusal">
          {run.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
      {isSettled && (
        <dl class="facts">
          {[
            [text.treasury.production, run.productionMwh],
            [text.treasury.allocated, run.allocatedMwh],
            [text.treasury.surplus, run.surplusMwh],
          ].map(([label, mwh]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <Figure figure={format.energy(Number(mwh))} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      {isSettled && run.storage.map((storage) => <StorageFacts key={storage.point} storage={storage} />)}
      {run.inputsHash !== '' && (
        <p class="small soft">
          {text.treasury.inputs} <span class="mono">{run.inputsHash}</span>
        </p>
      )}
    </li>
  );
}

/** By where it came from: what of a battery's energy was shared, and what its owner bought and lost. */
function StorageFacts({ storage }: { storage: StorageSums }) {
  const { format } = useApp();
  const pair = (own: number, grid: number) => `${format.energyText(own)}, ${format.energyText(grid)}`;
  const rows = [
    [text.treasury.charged, pair(storage.chargedOwnMwh, storage.chargedGridMwh)],
    [text.treasury.given, pair(storage.givenOwnMwh, storage.givenGridMwh)],
    [text.treasury.lost, format.energyText(storage.lostMwh)],
  ];
  return (
    <>
      <h4>{text.treasury.storage(storage.pointName)}</h4>
      <dl class="facts">
        {rows.map(([label, figure]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{figure}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
