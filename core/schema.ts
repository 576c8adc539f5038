/** Small schema builders shared by the contracts. */
import { type TSchema, Type } from 'typebox';
import { QUALITIES } from './quality.ts';

/** A value or null: null says "missing", which is never zero. */
export const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const QualitySchema = Type.Enum([...QUALITIES]);
