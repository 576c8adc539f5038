/** The community: the answer in one sentence, the flow picture, today's balance, today by quarter hour. */
import type { Flow, FlowKind } from '@commonworks/core/api/index.ts';
import { localDay } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import { DaySplit } from '../chart/day-split.tsx';
import { EnergyDayCard } from '../chart/energy-day-card.tsx';
import { FlowDetail } from '../flow/flow-detail.tsx';
import { FlowPicture } from '../flow/flow-picture.tsx';
import { answerOf } from '../flow/flow-words.ts';
import { hasRole, useApp } from '../state/app.ts';
import { useDay } from '../state/use-day.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { LiveMark } from '../ui/live-mark.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

export function CommunityPage() {
  const { api, live } = useApp();
  const fetched = useResource((signal) => api.flow({ signal }), [live.generation.value]);
  return <Loaded resource={fetched}>{(data) => <CommunityView flow={live.flow.value ?? data} />}</Loaded>;
}

function NoMeter() {
  const { me } = useApp();
  return (
    <Empty icon="sun" title={text.today.emptyTitle} body={text.today.empty}>
      {hasRole(me, 'admin') && (
        <a class="button is-main" href="/people">
          {text.today.emptyAction}
        </a>
      )}
    </Empty>
  );
}

function CommunityView({ flow }: { flow: Flow }) {
  const { format, live } = useApp();
  const [chosen, setChosen] = useState<FlowKind | null>(null);
  const today = localDay(live.now.value, format.zone);
  const day = useDay(today);
  const isSilent = live.isSilent.value;
  const isStale = isSilent || flow.nodes.every((node) => node.isStale);
  const isEmpty = flow.nodes.every((node) => node.devices === 0);
  const answer = answerOf(flow, format, { isStale });
  const chosenNode = flow.nodes.find((node) => node.kind === chosen);
  if (isEmpty) return <NoMeter />;
  return (
    <div class="page">
      <div class="page-head">
        <Answer {...answer} />
        <LiveMark atMs={flow.atMs} isStale={isStale} />
      </div>
      <div class="columns is-wide-left">
        <section class="card" aria-label={text.flow.title}>
          <FlowPicture
            flow={flow}
            isSilent={isSilent}
            chosen={chosen}
            choose={(kind) => setChosen(kind === chosen ? null : kind)}
          />
          {chosenNode !== undefined && <FlowDetail node={chosenNode} day={day.data} close={() => setChosen(null)} />}
        </section>
        <section class="card">
          <h2>{text.flow.today}</h2>
          <Loaded resource={day}>{(data) => <DaySplit day={data} />}</Loaded>
        </section>
      </div>
      <EnergyDayCard today={today} />
    </div>
  );
}
