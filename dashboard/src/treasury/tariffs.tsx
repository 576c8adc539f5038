/** Prices and the rule of sharing, by the date from which they hold; the treasurer adds the next. */
import {
  type AllocationMethod,
  SHARE_BY,
  type ShareBy,
  STORAGE_ORIGINS,
  type StorageOrigin,
} from '@commonworks/core/api/share.ts';
import { localMonth, monthSpan, nextMonth } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import type { Tariff } from '../api/api.ts';
import { hasRole, useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded, Refusal } from '../ui/states.tsx';

const METHODS = ['pro-rata', 'fixed'] as const satisfies AllocationMethod[];
const MONTHS_OFFERED = 4;

export function Tariffs() {
  const { api, me } = useApp();
  const tariffs = useResource((signal) => api.tariffs({ signal }), []);
  return (
    <section class="card">
      <h2>{text.treasury.tariffs}</h2>
      <Loaded resource={tariffs}>
        {(list) => (list.length === 0 ? <p class="soft">{text.treasury.noTariff}</p> : <TariffList tariffs={list} />)}
      </Loaded>
      {hasRole(me, 'treasurer') && (
        <Fold title={text.treasury.addTariff}>
          <NewTariffForm onAdded={tariffs.reload} />
        </Fold>
      )}
    </section>
  );
}

function TariffList({ tariffs }: { tariffs: readonly Tariff[] }) {
  const { format } = useApp();
  const per = (price: string) => text.treasury.perKwh(format.price(price));
  return (
    <ul class="links">
      {tariffs
        .toSorted((a, b) => b.fromMs - a.fromMs)
        .map((tariff) => (
          <li key={tariff.id} class="stack is-tight tariff">
            <p>
              <span class="strong">
                {text.treasury.from} {format.dateLong(tariff.fromMs)}
              </span>
              , {text.share.methodName[tariff.method]}
            </p>
            <p class="small soft">
              {tariff.method === 'fixed' && `${text.treasury.shareBy}: ${text.treasury.shareByName[tariff.shareBy]}. `}
              {text.treasury.storageOrigin} {text.treasury.storageOriginName[tariff.storageOrigin]}.
            </p>
            <dl class="facts">
              <div>
                <dt>{text.treasury.internalPrice}</dt>
                <dd>{per(tariff.internalPrice)}</dd>
              </div>
              <div>
                <dt>{text.treasury.gridPrice}</dt>
                <dd>{per(tariff.gridPrice)}</dd>
              </div>
              <div>
                <dt>{text.treasury.feedInPrice}</dt>
                <dd>{per(tariff.feedInPrice)}</dd>
              </div>
            </dl>
          </li>
        ))}
    </ul>
  );
}

function NewTariffForm({ onAdded }: { onAdded: () => void }) {
  const { api, format, live } = useApp();
  const months = monthsAhead(localMonth(live.nowMs(), format.zone));
  const [month, setMonth] = useState(months[1] ?? '');
  const [method, setMethod] = useState<AllocationMethod>('pro-rata');
  const [shareBy, setShareBy] = useState<ShareBy>('member');
  const [storageOrigin, setStorageOrigin] = useState<StorageOrigin>('proportional');
  const [prices, setPrices] = useState({ internalPrice: '', gridPrice: '', feedInPrice: '' });
  const { isBusy, error, run } = useAction();
  const add = (event: Event) => {
    event.preventDefault();
    const { fromMs } = monthSpan(month, format.zone);
    return run(() => api.addTariff({ fromMs, method, shareBy, storageOrigin, ...prices }).then(onAdded));
  };
  const price = (key: keyof typeof prices) => (
    <TextField
      label={text.treasury.centsPerKwh(text.treasury[key])}
      value={prices[key]}
      change={(value) => setPrices({ ...prices, [key]: value })}
      input={{ inputMode: 'decimal', pattern: '\\d{1,9}(\\.\\d{1,6})?' }}
    />
  );
  return (
    <form class="stack" onSubmit={add}>
      <Choice
        label={text.treasury.from}
        value={month}
        options={months.map((each) => [each, format.month(each)])}
        choose={setMonth}
      />
      <Choice
        label={text.treasury.method}
        value={method}
        options={METHODS.map((each) => [each, text.share.methodName[each]])}
        choose={(next) => setMethod(METHODS.find((each) => each === next) ?? 'pro-rata')}
      />
      {method === 'fixed' && (
        <Choice
          label={text.treasury.shareBy}
          value={shareBy}
          options={SHARE_BY.map((each) => [each, text.treasury.shareByName[each]])}
          choose={(next) => setShareBy(SHARE_BY.find((each) => each === next) ?? 'member')}
        />
      )}
      <StorageChoice origin={storageOrigin} choose={setStorageOrigin} />
      {price('internalPrice')}
      {price('gridPrice')}
      {price('feedInPrice')}
      <p class="small soft">{text.treasury.firstOfMonth}</p>
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {text.treasury.addTariff}
      </button>
    </form>
  );
}

function StorageChoice({ origin, choose }: { origin: StorageOrigin; choose: (origin: StorageOrigin) => void }) {
  return (
    <>
      <Choice
        label={text.treasury.storageOrigin}
        value={origin}
        options={STORAGE_ORIGINS.map((each) => [each, text.treasury.storageOriginName[each]])}
        choose={(next) => choose(STORAGE_ORIGINS.find((each) => each === next) ?? 'proportional')}
      />
      <p class="small soft">{text.treasury.storageHelp}</p>
    </>
  );
}

/** From the running month on: what was settled is not priced anew. */
function monthsAhead(current: string): string[] {
  const months = [current];
  while (months.length < MONTHS_OFFERED) months.push(nextMonth(months.at(-1) ?? current));
  return months;
}
