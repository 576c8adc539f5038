/** What the main thread and the derivation worker say to each other. */
import type { Result } from '@commonworks/core';
import type { Settlement } from '@commonworks/core/api/index.ts';
import type { MissingPolicy } from '../settlement/settle-month.ts';
import type { Notice } from './log-listener.ts';

export type DerivationOptions = {
  /** The database file; the main thread has opened and migrated it before. */
  readonly file: string;
  readonly community: { readonly id: string; readonly zone: string; readonly currency: string };
  /** The broker's log: `http://host:port` and the service token. */
  readonly log: { readonly url: string; readonly token: string };
  /** `host:port` of the demo clock; absent on a real site. */
  readonly clockAddress?: string | undefined;
};

/** A page was committed: intervals between `fromMs` and `toMs` changed, if any. */
export type PageMessage = {
  readonly type: 'page';
  readonly cursor: number;
  readonly head: number;
  readonly changed: { readonly fromMs: number; readonly toMs: number; readonly intervals: number } | null;
  readonly notices: readonly Notice[];
};

export type FromWorker =
  | PageMessage
  | { readonly type: 'fault'; readonly fault: { readonly code: string; readonly message: string } | null }
  | { readonly type: 'settled'; readonly settlement: Settlement }
  | { readonly type: 'reply'; readonly id: number; readonly result: Result<Settlement> }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

export type ToWorker =
  | { readonly type: 'settle'; readonly id: number; readonly month: string; readonly missing: MissingPolicy }
  | { readonly type: 'stop' };
