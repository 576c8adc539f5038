/** My share: now, today, this month, and my statements. */
import type { MemberShare } from '@commonworks/core/api/index.ts';
import { localDay } from '@commonworks/core/time.ts';
import { ShareDay } from '../share/share-day.tsx';
import { ShareMonth } from '../share/share-month.tsx';
import { ShareNow } from '../share/share-now.tsx';
import { ShareTotalsList } from '../share/share-totals.tsx';
import { StatementList } from '../share/statement-list.tsx';
import { useApp } from '../state/app.ts';
import { useQuarterHour } from '../state/use-day.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Empty, Loaded } from '../ui/states.tsx';

export function SharePage() {
  const { me } = useApp();
  if (me?.member == null) return <Empty icon="share" title={text.share.noMemberTitle} body={text.share.noMember} />;
  return <OwnShare member={me.member} />;
}

function OwnShare({ member }: { member: string }) {
  const { api, format, live } = useApp();
  const today = localDay(live.now.value, format.zone);
  const quarter = useQuarterHour();
  const share = useResource((signal) => api.share(member, today, { signal }), [member, today, quarter]);
  const statements = useResource((signal) => api.statements(member, { signal }), [member, quarter]);
  return (
    <Loaded resource={share}>
      {(data) =>
        hasNothing(data) ? (
          <Empty icon="share" title={text.share.noMeterTitle} body={text.share.noMeter} />
        ) : (
          <div class="page">
            <ShareNow share={data} />
            <div class="columns is-even">
              <section class="card">
                <h2>{text.share.today}</h2>
                <ShareTotalsList totals={data.day.totals} />
              </section>
              <section class="card">
                <h2>{text.share.month}</h2>
                <ShareTotalsList totals={data.month.totals} />
              </section>
            </div>
            <div class="columns is-wide-left">
              <div class="stack">
                <ShareDay share={data} />
                <ShareMonth month={data.month} />
              </div>
              <div class="stack">
                <section class="card">
                  <h2>{text.share.statements}</h2>
                  <Loaded resource={statements}>{(list) => <StatementList list={list} />}</Loaded>
                </section>
                <Holding share={data} />
              </div>
            </div>
          </div>
        )
      }
    </Loaded>
  );
}

/** No quarter hour this month and no figure now: no meter, rather than nothing used. */
function hasNothing({ month, now }: MemberShare): boolean {
  return month.totals.intervals === 0 && now.consumptionW === null;
}

function Holding({ share }: { share: MemberShare }) {
  const { format } = useApp();
  const held = text.share.holding(format.number(share.shares), format.number(share.sharesTotal));
  return (
    <section class="card">
      <h2>{share.shares === 0 ? text.share.holdingNone : held}</h2>
      <p class="soft">{text.share.method[share.method]}</p>
    </section>
  );
}
