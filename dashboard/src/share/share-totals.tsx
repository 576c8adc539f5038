/** A day's or a month's sums: used, received, the rest, and what that saved. */
import type { ShareTotals } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { QualityBadge } from '../ui/badge.tsx';
import { Figure } from '../ui/figure.tsx';

export function ShareTotalsList({ totals }: { totals: ShareTotals }) {
  const { format } = useApp();
  if (totals.intervals === 0) return <p class="soft">{text.share.nothingYet}</p>;
  const pct = totals.consumedMwh === 0 ? null : (totals.allocatedMwh / totals.consumedMwh) * 100;
  return (
    <>
      <div class="row is-base">
        <Figure figure={format.percent(pct)} size="huge" />
        <span class="soft">
          {text.share.allocated}, {format.energyText(totals.allocatedMwh)}
        </span>
      </div>
      <div class="split-bar" aria-hidden="true">
        <i class="kind-sun" style={{ flexGrow: String(totals.allocatedMwh), flexBasis: '0' }} />
        <i class="kind-grid" style={{ flexGrow: String(totals.residualMwh), flexBasis: '0' }} />
      </div>
      <dl class="facts is-four">
        <div>
          <dt>{text.share.used}</dt>
          <dd>
            <Figure figure={format.energy(totals.consumedMwh)} />
          </dd>
        </div>
        <div>
          <dt>{text.share.fromGrid}</dt>
          <dd>
            <Figure figure={format.energy(totals.residualMwh)} />
          </dd>
        </div>
        <div>
          <dt>{text.share.cost}</dt>
          <dd>{format.money(totals.costMinor)}</dd>
        </div>
        <div>
          <dt>{text.share.saved}</dt>
          <dd>{format.money(totals.gridCostMinor - totals.costMinor)}</dd>
        </div>
      </dl>
      <div class="row">
        <QualityBadge quality={totals.quality} />
        <span class="small soft">{text.share.complete(totals.intervalsComplete, totals.intervals)}</span>
      </div>
    </>
  );
}
