/** What a device profile may say: the addresses, types, scales, signs and limits of one model, as data. */
import { POINTS } from '@commonworks/core';
import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const PointKey = Type.String({ pattern: `^(?:${Object.keys(POINTS).join('|')})$` });
const Address = Type.Integer({ minimum: 0, maximum: 65_535 });

/** Raw number types of the wire. `acc` are SunSpec accumulators, where 0 says "not implemented". */
export const WIRE_TYPES = ['u16', 's16', 'u32', 's32', 'u64', 's64', 'f32', 'f64', 'acc32', 'acc64', 'enum16'] as const;
export type WireType = (typeof WIRE_TYPES)[number];

const shared = {
  type: Type.Enum([...WIRE_TYPES]),
  /** Multiplies the raw number to reach the point's unit; 1 when absent. */
  scale: Type.Optional(Type.Number()),
  /** -1 where the device counts the other way round than the community's bus. */
  sign: Type.Optional(Type.Enum([1, -1])),
  /** Raw words, big-endian hex as read, that mean "no value"; checked before scaling. */
  sentinels: Type.Optional(Type.Array(Type.String({ pattern: '^0x(?:[0-9a-fA-F]{4}){1,4}$' }), { maxItems: 8 })),
  /** `data` is kept for ever, `live` is only for eyes; by default counters, power and states are kept. */
  lane: Type.Optional(Type.Enum(['data', 'live'])),
  /** For a state: what each raw number is called. */
  names: Type.Optional(Type.Record(Type.String({ pattern: '^\\d{1,5}$' }), Type.String())),
};

export const ModbusPoint = Type.Object(
  {
    table: Type.Enum(['input', 'holding']),
    /** As sent on the wire, counted from 0. */
    address: Address,
    /** `msw`: high word first. */
    order: Type.Optional(Type.Enum(['msw', 'lsw'])),
    ...shared,
  },
  closed,
);

export const CoilPoint = Type.Object({ table: Type.Literal('coil'), address: Address }, closed);

export const SunspecPoint = Type.Object(
  {
    /** The first of these models that the device has is read. */
    models: Type.Array(Type.Integer({ minimum: 1, maximum: 64_999 }), { minItems: 1, maxItems: 8 }),
    /** From the model's ID register, which is 0. */
    offset: Type.Integer({ minimum: 2, maximum: 400 }),
    /** Where the scale factor stands in the same model; it is read in the same request. */
    scaleOffset: Type.Optional(Type.Integer({ minimum: 2, maximum: 400 })),
    /** A setting in force only while the register at `offset` reads 1; otherwise the point's value is `otherwise`. */
    enabledBy: Type.Optional(
      Type.Object({ offset: Type.Integer({ minimum: 2, maximum: 400 }), otherwise: Type.Number() }, closed),
    ),
    ...shared,
  },
  closed,
);

const ObisSum = Type.Array(Type.String({ pattern: '^\\d-\\d:\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$' }), {
  minItems: 1,
  maxItems: 8,
});

export const P1Point = Type.Object(
  {
    /** Alternatives in order of preference; the codes of one alternative are added up, all must be there. */
    plus: Type.Array(ObisSum, { minItems: 1, maxItems: 8 }),
    minus: Type.Optional(Type.Array(ObisSum, { minItems: 1, maxItems: 8 })),
    lane: shared.lane,
  },
  closed,
);

const ControlRegister = Type.Object(
  {
    offset: Type.Integer({ minimum: 2, maximum: 400 }),
    scaleOffset: Type.Optional(Type.Integer({ minimum: 2, maximum: 400 })),
  },
  closed,
);

/** A limit of active power in percent of rated power, with the device's own revert timer as failsafe. */
export const PowerLimitControl = Type.Object(
  {
    model: Type.Integer({ minimum: 1 }),
    value: ControlRegister,
    enable: ControlRegister,
    revertS: ControlRegister,
    minPct: Type.Number({ minimum: 0, maximum: 100 }),
    maxPct: Type.Number({ minimum: 0, maximum: 100 }),
    /** A `volatile` register may be written as often as needed; others wear out. */
    storage: Type.Enum(['volatile', 'non-volatile']),
  },
  closed,
);
export type PowerLimitControl = Static<typeof PowerLimitControl>;

/** A switch that is read with function 1 and written with function 5. */
export const RelayControl = Type.Object({ coil: Address }, closed);

const Controls = Type.Object(
  { powerLimit: Type.Optional(PowerLimitControl), relay: Type.Optional(RelayControl) },
  closed,
);

const BusLimits = Type.Object(
  {
    registersMax: Type.Integer({ minimum: 1, maximum: 125 }),
    /** Unused registers that may be read along to save a request. */
    gapMax: Type.Integer({ minimum: 0, maximum: 125 }),
    timeoutMs: Type.Integer({ minimum: 50, maximum: 10_000 }),
    /** The least time between two polls of one device. */
    periodMinMs: Type.Integer({ minimum: 0, maximum: 900_000 }),
  },
  closed,
);

const head = {
  /** The folder's name. */
  profile: Type.String({ pattern: '^[a-z0-9-]{1,40}$' }),
  version: Type.Integer({ minimum: 1 }),
  title: Type.String({ minLength: 1, maxLength: 120 }),
  /** True once a capture from hardware or a vendor's document has confirmed every register. */
  verified: Type.Boolean(),
  /** Where the addresses come from. */
  source: Type.String({ minLength: 1, maxLength: 500 }),
  notes: Type.Optional(Type.Array(Type.String({ maxLength: 500 }), { maxItems: 20 })),
};

/** A number of the device itself. `text`: `registers` of two characters each, padded with NUL or blanks. */
export const IdentityRegister = Type.Object(
  {
    table: Type.Enum(['input', 'holding']),
    address: Address,
    type: Type.Enum(['u16', 'u32', 'u64', 'text']),
    order: Type.Optional(Type.Enum(['msw', 'lsw'])),
    registers: Type.Optional(Type.Integer({ minimum: 1, maximum: 32 })),
  },
  closed,
);
export type IdentityRegister = Static<typeof IdentityRegister>;

/** Which device it is. A register that the device refuses is passed over: it is read all the same. */
const Identity = Type.Object(
  {
    serial: IdentityRegister,
    manufacturer: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    model: Type.Optional(IdentityRegister),
    firmware: Type.Optional(IdentityRegister),
  },
  closed,
);

export const ModbusProfile = Type.Object(
  {
    ...head,
    kind: Type.Literal('modbus'),
    bus: BusLimits,
    identity: Type.Optional(Identity),
    points: Type.Record(PointKey, Type.Union([ModbusPoint, CoilPoint]), closed),
    controls: Type.Optional(Controls),
  },
  closed,
);

export const SunspecProfile = Type.Object(
  {
    ...head,
    kind: Type.Literal('sunspec'),
    bus: BusLimits,
    /** Wire addresses probed for the marker `SunS`, in this order. */
    bases: Type.Array(Address, { minItems: 1, maxItems: 8 }),
    points: Type.Record(PointKey, SunspecPoint, closed),
    controls: Type.Optional(Controls),
  },
  closed,
);

export const P1Profile = Type.Object(
  { ...head, kind: Type.Literal('p1'), points: Type.Record(PointKey, P1Point, closed) },
  closed,
);

export const Profile = Type.Union([ModbusProfile, SunspecProfile, P1Profile]);
export type ModbusPoint = Static<typeof ModbusPoint>;
export type CoilPoint = Static<typeof CoilPoint>;
export type SunspecPoint = Static<typeof SunspecPoint>;
export type P1Point = Static<typeof P1Point>;
export type ModbusProfile = Static<typeof ModbusProfile>;
export type SunspecProfile = Static<typeof SunspecProfile>;
export type P1Profile = Static<typeof P1Profile>;
export type Profile = Static<typeof Profile>;
