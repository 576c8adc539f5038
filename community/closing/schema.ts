/** Rows of closing a month: values that a person typed, decisions about gaps, and what a run said of both. */
import type { ClosingMatter, Spread } from '@commonworks/core/closing/index.ts';
import type { Generated } from 'kysely';

export type SubstituteRow = {
  /** Rises: of several for one interval the last one counts. */
  no: number;
  /** The act of typing: one for all intervals of a span. */
  id: string;
  point_no: number;
  direction: 0 | 1;
  start_ms: number;
  energy_mwh: number;
  reason: string;
  /** Member id. */
  author: string;
  created_ms: number;
  withdrawn_ms: number | null;
};

export type ClosingTables = {
  substitute_value: Omit<SubstituteRow, 'no'> & { no: Generated<number> };
  /** The act as a whole: what was typed, and how it was spread; `typed` when each interval was. */
  substitute_act: {
    id: string;
    point_no: number;
    direction: 0 | 1;
    from_ms: number;
    to_ms: number;
    energy_mwh: number;
    spread: Spread | 'typed';
    reason: string;
    author: string;
    created_ms: number;
  };
  substitute_withdrawal: { id: string; reason: string; author: string; created_ms: number };
  closing_decision: {
    no: Generated<number>;
    month: string;
    point_no: number;
    direction: 0 | 1;
    matter: ClosingMatter;
    /** 1: the gap stays as it is and does not keep the month open. 0: taken back. */
    is_accepted: 0 | 1;
    /** How much was missing, estimated or unplaced when it was decided: more than that is undecided. */
    extent: number;
    reason: string;
    author: string;
    created_ms: number;
  };
  /** What a run was told of substitutes and unplaced energy, as JSON: closed statements go on showing it. */
  settlement_account: { run: string; body: string };
  unplaced_energy: {
    point_no: number;
    direction: 0 | 1;
    from_ms: number;
    to_ms: number;
    energy_mwh: number;
    reason: string | null;
  };
};
