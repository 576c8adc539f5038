/** Reads an edge's configuration and reports all its faults together. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CodedError, isCoded, zoneFault } from '@commonworks/core';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { loadProfile } from '../profile/load.ts';
import type { Profile } from '../profile/schema.ts';
import { EdgeConfig } from './schema.ts';
import { schemaFaults } from './schema-faults.ts';

export const PERIOD_MS = 10_000;
const QUARTER_HOUR_MS = 900_000;

/** The configuration with the secrets and keys its files hold. */
export type LoadedConfig = {
  readonly config: EdgeConfig;
  readonly secret: string;
  readonly communityKeyPem: string | null;
  readonly badgeKey: Uint8Array | null;
  readonly outboxFile: string;
};

/** @throws CodedError `edge.config-unreadable`, `edge.config-yaml`, `edge.config-invalid`, `edge.badge-key-invalid`. */
export function loadEdgeConfig(file: string): LoadedConfig {
  const config = parseEdgeConfig(readText(file));
  const folder = dirname(resolve(file));
  const text = (path: string) => readText(resolve(folder, path)).trim();
  const hasReaders = (config.readers ?? []).length > 0;
  return {
    config,
    secret: text(config.secretFile),
    communityKeyPem: config.communityKeyFile === undefined ? null : text(config.communityKeyFile),
    badgeKey: hasReaders ? badgeKey(config.badgeKeyFile === undefined ? '' : text(config.badgeKeyFile)) : null,
    outboxFile: resolve(folder, config.outboxFile),
  };
}

/** @throws CodedError `edge.config-yaml` or `edge.config-invalid`, whose `detail.faults` lists everything wrong. */
export function parseEdgeConfig(text: string): EdgeConfig {
  const value = parseYaml(text);
  const faults = Value.Check(EdgeConfig, value) ? semanticFaults(value) : schemaFaults(EdgeConfig, value);
  if (faults.length > 0) {
    throw new CodedError('edge.config-invalid', `edge configuration: ${faults.join('; ')}`, { detail: { faults } });
  }
  return value as EdgeConfig;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CodedError('edge.config-unreadable', `cannot read ${path}`, { cause });
  }
}

function parseYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError('edge.config-yaml', `edge configuration: ${reason}`, { cause });
  }
}

function badgeKey(hex: string): Uint8Array {
  if (!/^[0-9a-fA-F]{64}$/.test(hex)) {
    throw new CodedError('edge.badge-key-invalid', 'badge readers need badgeKeyFile with 64 hex digits');
  }
  return Buffer.from(hex, 'hex');
}

/** What a schema cannot say: names used once, profiles that exist and fit their wire, periods that align. */
function semanticFaults(config: EdgeConfig): string[] {
  const faults: string[] = [];
  const buses = config.buses ?? [];
  const p1 = config.p1 ?? [];
  const onBus = buses.flatMap((bus) => bus.devices);
  const all = [...onBus, ...p1, ...(config.machines ?? []), ...(config.readers ?? [])];
  for (const name of repeated(all.map((entry) => entry.device))) faults.push(`device ${name} is there twice`);
  for (const name of repeated(buses.map((bus) => bus.name))) faults.push(`bus ${name} is there twice`);
  for (const bus of buses) {
    const units = bus.devices.map((entry) => String(entry.unit));
    for (const unit of repeated(units)) {
      const names = bus.devices.filter((entry) => String(entry.unit) === unit).map((entry) => entry.device);
      faults.push(`bus ${bus.name}: unit ${unit} is claimed by ${names.join(' and ')}`);
    }
  }
  for (const entry of onBus) faults.push(...deviceFaults(entry, ['modbus', 'sunspec']));
  for (const entry of p1) {
    faults.push(...deviceFaults({ profile: 'dsmr-p1', ...entry }, ['p1']));
    const fault = entry.zone === undefined ? null : zoneFault(entry.zone);
    if (fault !== null) faults.push(`device ${entry.device}: ${fault}`);
  }
  return faults;
}

type Entry = { readonly device: string; readonly profile: string; readonly periodMs?: number };

function deviceFaults(entry: Entry, kinds: readonly Profile['kind'][]): string[] {
  const faults: string[] = [];
  const periodMs = entry.periodMs ?? PERIOD_MS;
  if (QUARTER_HOUR_MS % periodMs !== 0) faults.push(`device ${entry.device}: 15 minutes are no multiple of its period`);
  try {
    const profile = loadProfile(entry.profile);
    if (!kinds.includes(profile.kind)) {
      faults.push(`device ${entry.device}: profile ${entry.profile} is of kind ${profile.kind}, not for this wire`);
    } else if (profile.kind !== 'p1' && periodMs < profile.bus.periodMinMs) {
      faults.push(`device ${entry.device}: its profile allows a poll every ${profile.bus.periodMinMs} ms at most`);
    }
  } catch (error) {
    if (!isCoded(error)) throw error;
    faults.push(`device ${entry.device}: ${error.message} (${error.code})`);
  }
  return faults;
}

function repeated(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}
