/** Sentences about a month's gaps, for people: why it stays open, and what a run was made of. */
import { formatKwh, localDay, localTime } from '@commonworks/core';
import type { MonthReadiness, RegisterReadiness } from '@commonworks/core/api/index.ts';
import type { ClosingMatter } from '@commonworks/core/closing/index.ts';

/** One for every matter that nobody has decided. */
export function openNotes(readiness: MonthReadiness, zone: string): string[] {
  return readiness.registers.flatMap((register) => [
    ...register.open.map((matter) => `${registerName(register)}: ${matterText(register, matter)}`),
    ...silence(register, { toMs: readiness.toMs, zone }),
  ]);
}

/** What a run left out, took from estimates and from people, and why that was right. */
export function runNotes(readiness: MonthReadiness, zone: string): string[] {
  return readiness.registers.flatMap((register) => {
    const name = registerName(register);
    const decided = (matter: ClosingMatter) => decisionText(register, matter);
    const notes: string[] = [];
    if (register.missing > 0) notes.push(`${matterText(register, 'missing')} and were left out${decided('missing')}`);
    if (register.placed > 0) notes.push(`${matterText(register, 'estimated')}${decided('estimated')}`);
    for (const { fromMs, toMs, intervals, energyMwh, reason, author } of register.substitutes) {
      const span = `between ${stamp(fromMs, zone)} and ${stamp(toMs, zone)}`;
      const count = quarterHours(intervals);
      notes.push(`${count} ${span}, ${formatKwh(energyMwh)} kWh in all, typed by a person: ${reason} (${author})`);
    }
    for (const { fromMs, toMs, remainingMwh } of register.unplaced) {
      if (remainingMwh === 0) continue;
      const span = `between ${stamp(fromMs, zone)} and ${stamp(toMs, zone)}`;
      notes.push(`${formatKwh(remainingMwh)} kWh ${span} stand in no quarter hour${decided('unplaced')}`);
    }
    return notes.map((note) => `${name}: ${note}`);
  });
}

/** A store has two registers, and their gaps are two. */
export function registerName({ pointName, role, register }: RegisterReadiness): string {
  if (role !== 'storage') return pointName;
  return register === 'importedWh' ? `${pointName}, what it took` : `${pointName}, what it gave`;
}

function matterText(register: RegisterReadiness, matter: ClosingMatter): string {
  const { missing, placed, expected, unplaced } = register;
  switch (matter) {
    case 'missing':
      return `${missing} of ${expected} quarter hours are missing`;
    case 'estimated':
      return `${placed} of ${expected} quarter hours lie in gaps that an estimate filled`;
    case 'unplaced': {
      const remaining = unplaced.reduce((sum, { remainingMwh }) => sum + remainingMwh, 0);
      return `${formatKwh(remaining)} kWh passed its meter that stand in no quarter hour`;
    }
    default:
      return matter satisfies never;
  }
}

function silence({ open, newestMs, ...register }: RegisterReadiness, of: { toMs: number; zone: string }): string[] {
  if (!open.includes('missing') || (newestMs !== null && newestMs >= of.toMs)) return [];
  const name = registerName({ open, newestMs, ...register });
  return [newestMs === null ? `${name} was never heard` : `${name} was not heard after ${stamp(newestMs, of.zone)}`];
}

function decisionText({ decisions }: RegisterReadiness, matter: ClosingMatter): string {
  const last = decisions.findLast((decision) => decision.matter === matter && decision.isAccepted);
  return last === undefined ? '' : `, decided by ${last.author}: ${last.reason}`;
}

function stamp(ms: number, zone: string): string {
  return `${localDay(ms, zone)} ${localTime(ms, zone)}`;
}

function quarterHours(count: number): string {
  return count === 1 ? '1 quarter hour' : `${count} quarter hours`;
}
