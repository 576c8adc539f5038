/** Badges: those that members have, and those that were shown at a reader and belong to nobody yet. */
import { type Static, Type } from 'typebox';
import { Nullable } from '../schema.ts';

/** Keyed hash of the badge's UID, as the reader's events carry it: the UID itself never leaves the reader's edge. */
export const BadgeHash = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** GET /badges: also those that were taken back, with whom they belonged to last. */
export const BadgeRecord = Type.Object({
  badge: BadgeHash,
  member: Type.String(),
  /** Null for one that came with the seed. */
  registeredMs: Nullable(Type.Number()),
  /** At any reader, whatever it started there. */
  lastShownMs: Nullable(Type.Number()),
  revokedMs: Nullable(Type.Number()),
});
export type BadgeRecord = Static<typeof BadgeRecord>;

/** GET /badges/unknown: the newest time of each, newest first. */
export const UnknownBadge = Type.Object({
  badge: BadgeHash,
  edge: Type.String(),
  edgeName: Type.String(),
  reader: Type.String(),
  /** Names of the machines this reader speaks for; none at a door or a desk. */
  machines: Type.Array(Type.String()),
  atMs: Type.Number(),
  /** Who had it until it was taken back. */
  formerMember: Nullable(Type.String()),
});
export type UnknownBadge = Static<typeof UnknownBadge>;
