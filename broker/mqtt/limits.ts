/** Every limit of the MQTT side in one place; what agents must keep to stands in core, for both. */
import { MESSAGE_LIMITS } from '@commonworks/core';

export type MqttLimits = Readonly<Record<keyof typeof MQTT_LIMITS, number>>;

export const MQTT_LIMITS = {
  /** Before CONNACK: a CONNECT with a will fits easily, a flood of them does not hurt. */
  packetBeforeLoginBytes: MESSAGE_LIMITS.connectBytes,
  packetBytes: MESSAGE_LIMITS.packetBytes,
  connectTimeoutMs: 5000,
  /** Logged in. */
  connectionsMax: 10_000,
  /** Not yet logged in, in all and per address: beyond it the one that has been silent longest goes. */
  strangersMax: 256,
  strangersPerAddressMax: 64,
  /** A failed log-in is answered this long after it came, whatever it cost to find out. */
  refusalMs: 250,
  /** What is read from one connection before all others have their turn. */
  turnPackets: 32,
  turnBytes: 65_536,
  /** A socket with more than this unsent is slow, and is cut after the time below. */
  unsentBytes: 1_048_576,
  slowMs: 5000,
  /** Packs of one client not yet on disk: it is read again below half of it. */
  pendingPerClient: 64,
  pendingTotal: 10_000,
  /** QoS 2 handshakes left half open by one client. */
  halfOpenMax: 100,
  topicLevelsMax: 12,
  /** Filters one client may hold. */
  filtersPerClientMax: 200,
  /** Of one edge's status and devices the newest is told on, this often. */
  latestMs: 500,
  /** Messages and bytes kept for a persistent session that is away, and for how long. */
  sessionMessagesMax: 1000,
  sessionBytesMax: 4_194_304,
  sessionAwayMs: 7 * 86_400_000,
  /** A user that was cut for what it did is let in again this much later; doubled each time. */
  penaltyMs: 500,
  penaltyMaxMs: 8000,
} as const;
