/** What the looks have found: a finding is open until a later look at the same place finds it right. */
import type { Check, Position, Slice } from './check.ts';
import { BEGINNING } from './check.ts';
import { type AuditFinding, INVARIANT_NAMES, type Invariant, type InvariantAudit } from './invariants.ts';

export type OpenFinding = AuditFinding & { readonly at: string };

/** What is kept of one check. */
export type AuditPage = {
  readonly position: Position;
  readonly checkedMs: number | null;
  /** In the running round so far. */
  readonly checked: number;
  /** In the last whole round; null before there was one. */
  readonly roundChecked: number | null;
  readonly findings: readonly OpenFinding[];
};
export const EMPTY_PAGE: AuditPage = {
  position: BEGINNING,
  checkedMs: null,
  checked: 0,
  roundChecked: null,
  findings: [],
};

/** Kept of one check: a database that is wrong everywhere must not fill the memory with sentences. */
const FINDINGS_MAX = 500;
const FINDINGS_TOLD = 5;

export type PageChange = {
  readonly page: AuditPage;
  readonly begun: readonly OpenFinding[];
  readonly ended: readonly OpenFinding[];
};

export function takeSlice(page: AuditPage, slice: Slice, nowMs: number): PageChange {
  const { after } = page.position;
  const isLooked = ({ at }: OpenFinding) => at > after && (slice.isRound || at <= slice.next.after);
  const before = page.findings.filter((finding) => slice.isSkipped !== true && isLooked(finding));
  const kept = page.findings.filter((finding) => !before.includes(finding));
  const known = new Map(before.map((finding) => [finding.subject, finding]));
  const now = slice.faults.map(({ month = null, ...fault }) => {
    return { ...fault, month, sinceMs: known.get(fault.subject)?.sinceMs ?? nowMs };
  });
  const subjects = new Set(now.map(({ subject }) => subject));
  const checked = page.checked + slice.checked;
  const isWhole = slice.isRound && slice.isSkipped !== true;
  return {
    page: {
      position: slice.next,
      checkedMs: slice.isSkipped === true ? page.checkedMs : nowMs,
      checked: isWhole ? 0 : checked,
      roundChecked: isWhole ? checked : page.roundChecked,
      findings: [...kept, ...now].slice(0, FINDINGS_MAX),
    },
    begun: now.filter(({ subject }) => !known.has(subject)),
    ended: before.filter(({ subject }) => !subjects.has(subject)),
  };
}

/** One verdict for each invariant that a check looks at. */
export function verdicts(
  checks: readonly Pick<Check, 'name' | 'invariant'>[],
  pages: ReadonlyMap<string, AuditPage>,
): InvariantAudit[] {
  return INVARIANT_NAMES.flatMap((invariant) => {
    const own = checks.filter((check) => check.invariant === invariant);
    return own.length === 0
      ? []
      : [
          verdict(
            invariant,
            own.map(({ name }) => pages.get(name) ?? EMPTY_PAGE),
          ),
        ];
  });
}

function verdict(invariant: Invariant, pages: readonly AuditPage[]): InvariantAudit {
  const open = new Map(pages.flatMap(({ findings }) => findings).map((finding) => [finding.subject, finding]));
  const times = pages.flatMap(({ checkedMs }) => (checkedMs === null ? [] : [checkedMs]));
  return {
    invariant,
    checkedMs: times.length === 0 ? null : Math.max(...times),
    isWhole: pages.every(({ roundChecked }) => roundChecked !== null),
    checked: pages.reduce((sum, { roundChecked, checked }) => sum + (roundChecked ?? checked), 0),
    count: open.size,
    findings: [...open.values()].slice(0, FINDINGS_TOLD).map(({ at: _at, ...finding }) => finding),
  };
}
