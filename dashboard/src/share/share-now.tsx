/** My use right now and how much of it our own production covers. */
import type { MemberShare } from '@commonworks/core/api/index.ts';
import { figureText } from '../format/format.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Answer, Figure } from '../ui/figure.tsx';
import { LiveMark } from '../ui/live-mark.tsx';

export function ShareNow({ share }: { share: MemberShare }) {
  const { format, live } = useApp();
  const now = live.mine.value ?? share.now;
  const isStale = now.isStale || live.isSilent.value;
  const restW = now.consumptionW === null || now.coveredW === null ? null : now.consumptionW - now.coveredW;
  return (
    <>
      <div class="page-head">
        <ShareAnswer share={share} now={{ ...now, isStale }} />
        <LiveMark atMs={now.atMs} isStale={isStale} />
      </div>
      <section class={isStale ? 'card now-card is-stale' : 'card now-card'} aria-label={text.flow.now}>
        <div class="now-figures">
          <NowFigure hue="homes" label={text.share.nowUse} figure={format.power(now.consumptionW)} />
          <NowFigure hue="sun" label={text.share.nowCovered} figure={format.power(now.coveredW)} />
          <NowFigure hue="grid" label={text.share.nowRest} figure={format.power(restW)} />
        </div>
        {restW !== null && now.consumptionW !== null && now.consumptionW > 0 && (
          <div class="split-bar" aria-hidden="true">
            <i class="kind-sun" style={{ flexGrow: String(now.coveredW ?? 0), flexBasis: '0' }} />
            <i class="kind-grid" style={{ flexGrow: String(restW), flexBasis: '0' }} />
          </div>
        )}
      </section>
    </>
  );
}

function NowFigure({ hue, label, figure }: { hue: string; label: string; figure: { value: string; unit: string } }) {
  return (
    <div class={`kind-${hue}`}>
      <span class="now-label">
        <span class="dot is-square" />
        {label}
      </span>
      <Figure figure={figure} size="big" />
    </div>
  );
}

function ShareAnswer({ share, now }: { share: MemberShare; now: MemberShare['now'] }) {
  const { format } = useApp();
  if (!now.isStale && now.consumptionW !== null && now.consumptionW > 0 && now.coveredW !== null) {
    const figure = format.percent((now.coveredW / now.consumptionW) * 100);
    return <Answer sentence={text.share.covers(figureText(figure))} figure={figure} />;
  }
  const { consumedMwh, allocatedMwh } = share.day.totals;
  if (consumedMwh > 0) {
    const figure = format.percent((allocatedMwh / consumedMwh) * 100);
    return <Answer sentence={text.share.coversToday(figureText(figure))} figure={figure} />;
  }
  return <Answer sentence={text.share.unknown} />;
}
