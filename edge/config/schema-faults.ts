/** Everything a schema has against a value, as lines for a person, each fault once. */
import type { TSchema } from 'typebox';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';

/** The library stops at eight unless told otherwise; a person wants to see all. */
const FAULTS_MAX = 100;

export function schemaFaults(schema: TSchema, value: unknown): string[] {
  Settings.Set({ maxErrors: FAULTS_MAX });
  const faults = new Set<string>();
  for (const { instancePath, message } of Value.Errors(schema, value)) {
    const path = instancePath === '' ? '/' : instancePath;
    if (message === 'schema is false') faults.add(`${path}: is not a known setting`);
    else if (!message.startsWith('must not have additional')) faults.add(`${path}: ${message}`);
  }
  return [...faults];
}
