/** Is our sun being used? Two bars: where our sun went, and where our use came from. */
import type { EnergyDay } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Figure } from '../ui/figure.tsx';
import { balanceOf } from './day-balance.ts';

type Part = { readonly hue: string; readonly label: string; readonly mwh: number | null };

export function DaySplit({ day }: { day: EnergyDay }) {
  const balance = balanceOf(day);
  if (balance.counted === 0) return <p class="soft">{text.today.none}</p>;
  const { sunMwh, useMwh } = balance;
  return (
    <div class="stack">
      {sunMwh !== null && (
        <Split
          title={text.today.sunTitle}
          totalMwh={sunMwh}
          parts={[
            { hue: 'sun', label: text.today.sunUsed, mwh: balance.sunUsedMwh },
            { hue: 'export', label: text.today.sunSold, mwh: balance.sunSoldMwh },
          ]}
        />
      )}
      {useMwh !== null && (
        <Split
          title={text.today.useTitle}
          totalMwh={useMwh}
          parts={[
            { hue: 'sun', label: text.today.useOwn, mwh: balance.useOwnMwh },
            { hue: 'grid', label: text.today.useBought, mwh: balance.useBoughtMwh },
          ]}
        />
      )}
      {!day.metered.includes('grid') && <p>{text.today.noGridMeter}</p>}
      <p class="small soft">{text.today.counted(balance.counted, balance.all)}</p>
    </div>
  );
}

function Split({ title, totalMwh, parts }: { title: string; totalMwh: number; parts: readonly Part[] }) {
  const { format } = useApp();
  const known = parts.flatMap(({ mwh, ...part }) => (mwh === null ? [] : [{ ...part, mwh }]));
  const percent = (mwh: number) => (totalMwh === 0 ? null : (mwh / totalMwh) * 100);
  return (
    <div class="split">
      <div class="row is-apart is-base">
        <h3>{title}</h3>
        <Figure figure={format.energy(totalMwh)} size="big" />
      </div>
      <div class="split-bar" aria-hidden="true" hidden={known.length === 0}>
        {known
          .filter(({ mwh }) => mwh > 0)
          .map(({ hue, label, mwh }) => (
            <i key={label} class={`kind-${hue}`} style={{ flexGrow: String(mwh), flexBasis: '0' }} />
          ))}
      </div>
      <ul class="split-words">
        {known.map(({ hue, label, mwh }) => (
          <li key={label} class={`kind-${hue}`}>
            <span class="dot is-square" />
            <span>
              <Figure figure={format.percent(percent(mwh))} /> {label}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
