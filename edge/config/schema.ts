/** An edge agent's configuration file: what is on which wire, whom it reports to, and where it keeps its files. */
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const Slug = Type.String({ pattern: '^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$' });
const Title = Type.String({ minLength: 1, maxLength: 80 });
const Uuid = Type.String({ pattern: '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' });
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
/** Relative paths start at the folder of the configuration file. */
const Path = Type.String({ minLength: 1, maxLength: 1000 });

const tcp = { host: Type.String({ minLength: 1 }), port: Port };
const serial = {
  path: Path,
  baudRate: Type.Integer({ minimum: 300, maximum: 4_000_000 }),
  parity: Type.Optional(Type.Enum(['none', 'even', 'odd'])),
  stopBits: Type.Optional(Type.Enum([1, 2])),
};

/** A byte stream: a TCP server (a serial device server such as ser2net) or a serial port. */
export const Link = Type.Union([Type.Object(tcp, closed), Type.Object(serial, closed)]);
export type Link = Static<typeof Link>;

export const DeviceConfig = Type.Object(
  {
    device: Slug,
    title: Title,
    /** A folder of edge/devices. */
    profile: Type.String({ pattern: '^[a-z0-9-]{1,40}$' }),
    unit: Type.Integer({ minimum: 0, maximum: 255 }),
    /** How often it is read; must divide 15 minutes. 10 seconds when absent. */
    periodMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 900_000 })),
  },
  closed,
);
export type DeviceConfig = Static<typeof DeviceConfig>;

const busShared = {
  name: Slug,
  /** The longest wait for one reply; the profiles' when absent. */
  timeoutMs: Type.Optional(Type.Integer({ minimum: 50, maximum: 10_000 })),
  devices: Type.Array(DeviceConfig, { minItems: 1, maxItems: 247 }),
};

export const BusConfig = Type.Union([
  Type.Object({ kind: Type.Literal('modbus-tcp'), ...tcp, ...busShared }, closed),
  Type.Object({ kind: Type.Literal('modbus-rtu-tcp'), ...tcp, ...busShared }, closed),
  Type.Object({ kind: Type.Literal('modbus-rtu'), ...serial, ...busShared }, closed),
]);
export type BusConfig = Static<typeof BusConfig>;

export const P1Config = Type.Object(
  {
    device: Slug,
    title: Title,
    profile: Type.Optional(Type.String({ pattern: '^[a-z0-9-]{1,40}$' })),
    link: Link,
    periodMs: Type.Optional(Type.Integer({ minimum: 1000, maximum: 900_000 })),
    /** Zone of the meter's local time stamps; Europe/Amsterdam when absent. */
    zone: Type.Optional(Type.String()),
  },
  closed,
);
export type P1Config = Static<typeof P1Config>;

export const MachineConfig = Type.Object(
  { device: Slug, title: Title, firmware: Type.Enum(['grbl']), link: Link },
  closed,
);
export type MachineConfig = Static<typeof MachineConfig>;

export const ReaderConfig = Type.Object(
  {
    device: Slug,
    title: Title,
    /** `uid-line`: hex UID and a line end. `rdm6300`: 0x02, ten hex digits, two of checksum, 0x03. */
    protocol: Type.Enum(['uid-line', 'rdm6300']),
    link: Link,
  },
  closed,
);
export type ReaderConfig = Static<typeof ReaderConfig>;

export const EdgeConfig = Type.Object(
  {
    community: Uuid,
    /** Also the MQTT user name and client id. */
    edge: Uuid,
    name: Type.String({ minLength: 1, maxLength: 80 }),
    brokerUrl: Type.String({ pattern: '^(?:mqtts?|wss?)://' }),
    /** Holds the edge's MQTT password. */
    secretFile: Path,
    /** SPKI PEM of the community's Ed25519 key; without it every command is refused. */
    communityKeyFile: Type.Optional(Path),
    outboxFile: Path,
    outbox: Type.Optional(
      Type.Object(
        {
          bytesMax: Type.Optional(Type.Integer({ minimum: 100_000 })),
          ageMaxDays: Type.Optional(Type.Number({ minimum: 0.01, maximum: 3650 })),
        },
        closed,
      ),
    ),
    /** Holds 32 bytes as hex: the HMAC key that turns a badge's UID into its keyed hash. Needed by readers. */
    badgeKeyFile: Type.Optional(Path),
    buses: Type.Optional(Type.Array(BusConfig, { maxItems: 32 })),
    p1: Type.Optional(Type.Array(P1Config, { maxItems: 32 })),
    machines: Type.Optional(Type.Array(MachineConfig, { maxItems: 64 })),
    readers: Type.Optional(Type.Array(ReaderConfig, { maxItems: 64 })),
  },
  closed,
);
export type EdgeConfig = Static<typeof EdgeConfig>;
