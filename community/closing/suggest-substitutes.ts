/** Proposes what may be typed for a gap, each with what it rests on in words; nothing is taken without a person. */
import { formatKwh, type Span } from '@commonworks/core';
import type { SubstituteSuggestion } from '@commonworks/core/api/index.ts';
import type { Db } from '../database.ts';
import { DAYS_BACK_MAX, type Gap, gapShape, loadCurve, measuredEnergies, partOfOthers } from './gap-shape.ts';
import { registerAccount } from './register-account.ts';

const MONTH_MS = 31 * 86_400_000;

export async function suggestSubstitutes(db: Db, gap: Gap, span: Span): Promise<SubstituteSuggestion[]> {
  if (gap.starts.length === 0) return [];
  const days = await gapShape(db, gap, 'day-before');
  const daysMwh = days.reduce((sum, weight) => sum + weight, 0);
  const all = [
    await fromRegister(db, { gap, span }, daysMwh > 0),
    daysMwh === 0 ? null : fromDays(daysMwh),
    await fromOthers(db, gap),
    await fromAverage(db, gap),
  ];
  return all.filter((one) => one !== null);
}

/** The best there is: the register itself says what passed. */
async function fromRegister(
  db: Db,
  { gap, span }: { gap: Gap; span: Span },
  hasDays: boolean,
): Promise<SubstituteSuggestion | null> {
  const { unplaced } = await registerAccount(db, gap, { fromMs: span.fromMs - MONTH_MS, toMs: span.toMs });
  const touching = unplaced.filter(({ fromMs, toMs }) => fromMs < span.toMs && toMs > span.fromMs);
  const energyMwh = touching.reduce((sum, { remainingMwh }) => sum + remainingMwh, 0);
  if (energyMwh <= 0) return null;
  const spread = hasDays ? 'day-before' : 'flat';
  const how = hasDays ? 'spread as the days before went' : 'spread evenly';
  const basis = `The register itself counted ${formatKwh(energyMwh)} kWh in this time that stand in no quarter hour; ${how}.`;
  return { energyMwh, spread, basis };
}

function fromDays(energyMwh: number): SubstituteSuggestion {
  const basis = `What this meter counted in the same quarter hours of the day before; where that is missing too, of the last of ${DAYS_BACK_MAX} days before that has one.`;
  return { energyMwh, spread: 'day-before', basis };
}

async function fromOthers(db: Db, gap: Gap): Promise<SubstituteSuggestion | null> {
  const { energies, others } = await loadCurve(db, gap);
  const together = energies.reduce((sum, energy) => sum + energy, 0);
  const part = await partOfOthers(db, gap);
  if (together === 0 || part === null) return null;
  const percent = (part * 100).toFixed(1);
  const whom = others === 1 ? 'the other meter of this kind' : `the ${others} other meters of this kind together`;
  const basis = `What ${whom} counted in this time, times what this one was of them in the week before: ${percent} %.`;
  return { energyMwh: Math.round(together * part), spread: 'load-curve', basis };
}

async function fromAverage(db: Db, gap: Gap): Promise<SubstituteSuggestion | null> {
  const first = gap.starts[0] ?? 0;
  const own = await measuredEnergies(db, [gap.point.no], {
    ...{ direction: gap.direction, fromMs: first - MONTH_MS, toMs: first + MONTH_MS },
  });
  if (own.size === 0) return null;
  const mean = [...own.values()].reduce((sum, energy) => sum + energy, 0) / own.size;
  const basis = 'The average of what this meter counted in the month before and after, the same in every quarter hour.';
  return { energyMwh: Math.round(mean * gap.starts.length), spread: 'flat', basis };
}
