/** Everything a schema has against a value, as lines for a person, each fault once. */
import { nearMatch } from '@commonworks/core';
import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';

/** The library stops at eight unless told otherwise; a person wants to see all. */
const FAULTS_MAX = 100;

export function schemaFaults(schema: TSchema, value: unknown): string[] {
  Settings.Set({ maxErrors: FAULTS_MAX });
  return [...new Set(faultsAt(schema as Shape, value, ''))];
}

/** The parts of a JSON Schema that ours are made of. */
type Shape = TSchema & {
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly patternProperties?: unknown;
  readonly items?: Shape;
  readonly const?: unknown;
};

function faultsAt(schema: Shape, value: unknown, path: string): string[] {
  if (schema.anyOf !== undefined) return alternativeFaults(schema.anyOf, value, path);
  if (schema.properties !== undefined && isRecord(value)) return objectFaults(schema, value, path);
  if (schema.items !== undefined && Array.isArray(value)) {
    const { items } = schema;
    const inside = value.flatMap((item, at) => faultsAt(items, item, `${path}/${at}`));
    return inside.length > 0 ? inside : plainFaults(schema, value, path);
  }
  return plainFaults(schema, value, path);
}

/** Of several shapes the one that was meant; the faults of the others would only mislead. */
function alternativeFaults(shapes: readonly Shape[], value: unknown, path: string): string[] {
  if (shapes.some((shape) => Value.Check(shape, value))) return [];
  const objects = shapes.filter((shape) => shape.properties !== undefined);
  const [first] = objects;
  if (first === undefined || !isRecord(value)) return plainFaults({ anyOf: shapes } as Shape, value, path);
  const kinds = objects.map(kindOf).filter((kind) => kind !== undefined);
  if (kinds.length === objects.length && !kinds.some((kind) => kind === value['kind'])) {
    return [`${path}/kind: must be one of ${kinds.join(', ')}`];
  }
  const meant = objects.reduce((best, shape) => (likeness(shape, value) > likeness(best, value) ? shape : best), first);
  return objectFaults(meant, value, path);
}

function objectFaults(schema: Shape, value: Readonly<Record<string, unknown>>, path: string): string[] {
  const properties = schema.properties ?? {};
  const names = Object.keys(properties);
  const isClosed = schema.additionalProperties === false && schema.patternProperties === undefined;
  const unknown = isClosed ? Object.keys(value).filter((name) => !names.includes(name)) : [];
  const absent = (schema.required ?? []).filter((name) => !(name in value));
  const meant = new Map(unknown.map((name) => [name, nearMatch(name, names)]));
  // A misspelt setting is one fault, not an unknown one and a missing one.
  const missing = absent.filter((name) => ![...meant.values()].includes(name));
  return [
    ...unknown.map((name) => {
      const guess = meant.get(name);
      const hint = typeof guess === 'string' ? `; did you mean ${guess}?` : '';
      return `${path}/${name}: is not a known setting${hint} (known: ${names.join(', ')})`;
    }),
    ...(missing.length === 0 ? [] : [`${path || '/'}: must have required properties ${missing.join(', ')}`]),
    ...names.flatMap((name) => {
      const shape = properties[name];
      return shape === undefined || !(name in value) ? [] : faultsAt(shape, value[name], `${path}/${name}`);
    }),
  ];
}

/** How many of the value's settings a shape knows; its own `kind` decides. */
function likeness(shape: Shape, value: Readonly<Record<string, unknown>>): number {
  const names = Object.keys(shape.properties ?? {});
  const known = Object.keys(value).filter((name) => names.includes(name) || nearMatch(name, names) !== null).length;
  return known + (kindOf(shape) !== undefined && kindOf(shape) === value['kind'] ? names.length : 0);
}

function kindOf(shape: Shape): unknown {
  return shape.properties?.['kind']?.const;
}

function plainFaults(schema: TSchema, value: unknown, path: string): string[] {
  return [...Value.Errors(schema, value)].flatMap(({ instancePath, message }) => {
    const place = `${path}${instancePath}` || '/';
    if (message === 'schema is false') return [`${place}: is not a known setting`];
    return message.startsWith('must not have additional') ? [] : [`${place}: ${message}`];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
