/** Rows of the budgets that each edge has in this file. */
import type { AllowanceName, CommunityBudget } from './community-budgets.ts';

export type EdgeBudgetTables = {
  /** What is left of an allowance, as of `at_ms` by the hub's clock; no row: all of it. */
  edge_allowance: { edge: string; budget: AllowanceName; left: number; at_ms: number };
  /** What an edge asked for beyond a budget: since when, when last, and how often since then. */
  edge_over: { edge: string; budget: CommunityBudget; since_ms: number; last_ms: number; count: number };
};
