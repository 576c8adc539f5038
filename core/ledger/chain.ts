/** The chain: each entry's hash covers the one before it, so that nothing can be changed, cut out or slipped in. */
import { canonicalJson } from '../canonical-json.ts';
import type { LedgerEntry, Sha256 } from './entry.ts';

/** What the first entry follows. */
export const GENESIS_HASH = '0'.repeat(64);

/** The newest entry: printed on statements, it anchors everything before it. */
export type LedgerHead = { readonly position: number; readonly hash: string };
export const EMPTY_HEAD: LedgerHead = { position: 0, hash: GENESIS_HASH };

export type ChainedEntry = {
  /** From 1, without gaps. */
  readonly position: number;
  /** Canonical text of the entry. */
  readonly body: string;
  readonly previous: string;
  readonly hash: string;
};

/** hash = SHA-256(previous LF position LF body). */
export function linkHash(link: Omit<ChainedEntry, 'hash'>, sha256: Sha256): string {
  return sha256(`${link.previous}\n${link.position}\n${link.body}`);
}

export function chainEntry(head: LedgerHead, entry: LedgerEntry, sha256: Sha256): ChainedEntry {
  const link = { position: head.position + 1, body: canonicalJson(entry), previous: head.hash };
  return { ...link, hash: linkHash(link, sha256) };
}
