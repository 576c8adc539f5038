/** Small schema builders shared by the contracts. */
import { type TSchema, Type } from 'typebox';
import { QUALITIES } from './quality.ts';

/** A value or null: null says "missing", which is never zero. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** The end of year 9999: what a later time would do to dates, text and databases is nobody's wish. */
export const TIME_MAX_MS = 253_402_300_799_999;

/** Whole numbers that JavaScript holds exactly: SQLite would keep a larger one and never let us read it again. */
export const SafeInteger = Type.Integer({ minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER });

/** UTC epoch milliseconds, whole. */
export const TimeMs = Type.Integer({ minimum: 0, maximum: TIME_MAX_MS });

export const QualitySchema = Type.Enum([...QUALITIES]);
