/** What the main thread and the derivation worker say to each other. */
import type { HubTimeKind } from '@commonworks/clock/hub-time.ts';
import type { Result } from '@commonworks/core';
import type { MonthReadiness, Settlement, SettlementPreview } from '@commonworks/core/api/index.ts';
import type { SettleRequest } from '../settlement/settle-month.ts';
import type { Notice } from './log-listener.ts';

export type DerivationOptions = {
  /** The database file; the main thread has opened and migrated it before. */
  readonly file: string;
  readonly community: { readonly id: string; readonly zone: string; readonly currency: string };
  /** The broker's log: `http://host:port` and the service token. */
  readonly log: { readonly url: string; readonly token: string };
  /** Where what vouches for the hub's time is kept, and what kind of hub it is. */
  readonly dataDir: string;
  readonly hubKind: HubTimeKind;
  /** `host:port` of the demo clock; absent on a real site. */
  readonly clockAddress?: string | undefined;
};

/** A page was committed: intervals between `fromMs` and `toMs` changed, if any. */
export type PageMessage = {
  readonly type: 'page';
  readonly cursor: number;
  readonly head: number;
  /** Entries of the log after the cursor. */
  readonly behind: number;
  readonly changed: { readonly fromMs: number; readonly toMs: number; readonly intervals: number } | null;
  readonly notices: readonly Notice[];
};

/** What the server asks the worker about a month; `settle` alone writes. */
export type Question =
  | ({ readonly ask: 'settle' } & Pick<SettleRequest, 'month' | 'missing' | 'decision'>)
  | { readonly ask: 'readiness' | 'preview'; readonly month: string };
export type Answers = { settle: Settlement; readiness: MonthReadiness; preview: SettlementPreview };

export type FromWorker =
  | PageMessage
  | { readonly type: 'notices'; readonly notices: readonly Notice[] }
  | { readonly type: 'fault'; readonly fault: { readonly code: string; readonly message: string } | null }
  | { readonly type: 'settled'; readonly settlement: Settlement }
  | { readonly type: 'reply'; readonly id: number; readonly result: Result<Answers[keyof Answers]> }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

export type ToWorker =
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'stop' };
