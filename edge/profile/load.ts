/** Finds and checks device profiles: one folder each under edge/devices. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@commonworks/core';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { schemaFaults } from '../config/schema-faults.ts';
import { ModbusProfile, P1Profile, Profile, SunspecProfile } from './schema.ts';

const DEVICES = new URL('../devices/', import.meta.url);
const known = new Map<string, Profile>();

/** Names of all profiles, sorted. */
export function listProfiles(): string[] {
  return readdirSync(DEVICES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

export function profilePath(name: string): string {
  return fileURLToPath(new URL(`${name}/profile.yaml`, DEVICES));
}

/** @throws CodedError `edge.profile-unknown` or `edge.profile-invalid`. */
export function loadProfile(name: string): Profile {
  const cached = known.get(name);
  if (cached !== undefined) return cached;
  const path = profilePath(name);
  if (!/^[a-z0-9-]{1,40}$/.test(name) || !existsSync(path)) {
    throw new CodedError('edge.profile-unknown', `no profile ${name}; known are ${listProfiles().join(', ')}`);
  }
  const profile = parseProfile(readFileSync(path, 'utf8'), name);
  known.set(name, profile);
  return profile;
}

/** @throws CodedError `edge.profile-invalid` naming every fault. */
export function parseProfile(text: string, name: string): Profile {
  const value = parseYaml(text, name);
  const faults = Value.Check(Profile, value) ? semanticFaults(value, name) : schemaFaults(schemaOf(value), value);
  if (faults.length > 0) {
    throw new CodedError('edge.profile-invalid', `profile ${name}: ${faults.join('; ')}`, { detail: { faults } });
  }
  return value as Profile;
}

/** The schema of the kind it says it is, so that faults of the other kinds are not shown. */
function schemaOf(value: unknown): TSchema {
  const kind = typeof value === 'object' && value !== null ? (value as { kind?: unknown }).kind : undefined;
  if (kind === 'sunspec') return SunspecProfile;
  return kind === 'p1' ? P1Profile : ModbusProfile;
}

function parseYaml(text: string, name: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    throw new CodedError('edge.profile-invalid', `profile ${name} is not YAML: ${String(cause)}`, { cause });
  }
}

function semanticFaults(profile: Profile, name: string): string[] {
  const faults: string[] = [];
  if (profile.profile !== name) faults.push(`it calls itself ${profile.profile}`);
  if (profile.kind !== 'sunspec') return faults;
  for (const [point, { offset, scaleOffset }] of Object.entries(profile.points)) {
    if (scaleOffset === undefined) continue;
    const span = Math.abs(scaleOffset - offset) + 4;
    if (span > profile.bus.registersMax) faults.push(`${point} and its scale factor do not fit in one request`);
  }
  return faults;
}
