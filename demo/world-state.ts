/** world.json: the world's registers and controls, written whole and renamed, so that a power cut leaves the old one. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { CodedError } from '@commonworks/core';
import { WORLD_VERSION, type WorldSnapshot } from './world/state.ts';

/** Null when there is none yet. @throws CodedError `demo.world-state-invalid` when it is not ours. */
export function loadWorld(file: string, seed: number): WorldSnapshot | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new CodedError('demo.world-state-invalid', `${file} cannot be read`, { cause });
  }
  const snapshot = parse(text, file);
  if (snapshot.version !== WORLD_VERSION) {
    throw new CodedError(
      'demo.world-state-invalid',
      `${file} is of version ${snapshot.version}, this program writes ${WORLD_VERSION}`,
    );
  }
  if (snapshot.seed !== seed) {
    throw new CodedError('demo.world-state-invalid', `${file} was grown from seed ${snapshot.seed}, not ${seed}`);
  }
  return snapshot;
}

function parse(text: string, file: string): WorldSnapshot {
  try {
    return JSON.parse(text) as WorldSnapshot;
  } catch (cause) {
    throw new CodedError('demo.world-state-invalid', `${file} is not JSON`, { cause });
  }
}

export function saveWorld(file: string, snapshot: WorldSnapshot): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.next`;
  const handle = openSync(next, 'w', 0o600);
  try {
    writeSync(handle, JSON.stringify(snapshot));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(next, file);
}
