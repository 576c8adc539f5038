/** One verdict of all checks, and the look of each: icon and word, not colour alone. */
import {
  type AuditState,
  type Invariant,
  type InvariantAudit,
  KEEPS_MONTHS_OPEN,
} from '@commonworks/core/audit/invariants.ts';
import { text } from '../text/text.ts';
import type { BadgeProps } from '../ui/badge.tsx';

const words = text.audit;
const RIGHT = { hue: 'battery', icon: 'check', word: words.right } as const;
const WRONG = { hue: 'alarm', icon: 'alarm', word: words.wrong } as const;
const PENDING = { hue: 'neutral', icon: 'question', word: words.pending } as const;

export function lookOf({ count, checkedMs }: Pick<InvariantAudit, 'count' | 'checkedMs'>): BadgeProps {
  if (count > 0) return WRONG;
  return checkedMs === null ? PENDING : RIGHT;
}

export function auditVerdict({ checks }: AuditState): { look: BadgeProps; sentence: string } {
  const wrong = checks.filter(({ count }) => count > 0).length;
  if (wrong > 0) return { look: WRONG, sentence: words.someWrong(wrong) };
  const isWhole = checks.length > 0 && checks.every((check) => check.isWhole);
  if (!isWhole)
    return { look: checks.some(({ checkedMs }) => checkedMs !== null) ? RIGHT : PENDING, sentence: words.stillLooking };
  return { look: RIGHT, sentence: words.allRight(checks.length) };
}

export function keepsMonthsOpen(invariant: Invariant): boolean {
  return KEEPS_MONTHS_OPEN.includes(invariant);
}
