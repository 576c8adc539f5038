/** GET /events: server-sent events. The event name is the key, the data its JSON; what the role may not see is not sent. */
import { type Static, Type } from 'typebox';
import { UnknownBadge } from './badges.ts';
import { Flow } from './flow.ts';
import { Alarm, CommandRecord, Device } from './operator.ts';
import { Machine } from './workshop.ts';

export const LIVE_EVENTS = {
  /** Once a second at most. */
  flow: Flow,
  /** The member's own power: W, for the one who is logged in. */
  mine: Type.Object({
    atMs: Type.Number(),
    consumptionW: Type.Union([Type.Number(), Type.Null()]),
    coveredW: Type.Union([Type.Number(), Type.Null()]),
    isStale: Type.Boolean(),
  }),
  machine: Machine,
  device: Device,
  command: CommandRecord,
  alarm: Alarm,
  /** A badge nobody has was shown at a reader. */
  badge: UnknownBadge,
  clock: Type.Object({ nowMs: Type.Number(), speed: Type.Number(), mode: Type.Enum(['system', 'demo', 'replaying']) }),
} as const;
export type LiveEventName = keyof typeof LIVE_EVENTS;
export type LiveEvent<Name extends LiveEventName> = Static<(typeof LIVE_EVENTS)[Name]>;
