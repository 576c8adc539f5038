/** What a site keeps of its hub's time: what people confirmed, and how its clock chip ran. Each file has one writer. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HubMoment, TimeConfirmation } from '@commonworks/core';
import { CHIP_PAIR_EVERY_MS, CHIP_PAIRS_MAX, ChipPair, readChip } from './clock-chip.ts';
import { CHIP_PAIRS_FILE, CONFIRMATIONS_FILE, type HubTime, readConfirmations, readKept } from './hub-time.ts';

/** What a person's device may be off from the true time: phones and laptops are set by their networks. */
const BROWSER_ERROR_MS = 500;
const CONFIRMATIONS_MAX = 100;

/** What a browser says: its own clock when it sent this, and how long the last answer took. */
export type BrowserTime = { readonly browserMs: number; readonly roundTripMs: number; readonly by: string };

/** Kept on disk when it returns; the process that writes it refreshes its own view, the others look every few seconds. */
export async function confirmTime(dir: string, hub: HubTime, said: BrowserTime): Promise<TimeConfirmation> {
  const { boot, upMs, nowMs } = hub.moment();
  const atMs = Math.round(said.browserMs + said.roundTripMs / 2);
  const confirmation: TimeConfirmation = {
    ...{ atMs, boot, upMs, by: said.by },
    offsetMs: atMs - nowMs,
    errorMs: BROWSER_ERROR_MS + Math.round(said.roundTripMs / 2),
  };
  const kept = [...readConfirmations(dir), confirmation].slice(-CONFIRMATIONS_MAX);
  writeWhole(join(dir, CONFIRMATIONS_FILE), kept);
  await hub.refresh();
  return confirmation;
}

/** Compares the chip with the hub's time, once an hour while that is known; for the one process that keeps the file. */
export async function keepChip(dir: string, hub: HubTime, options: { signal: AbortSignal; chipFile?: string }) {
  while (!options.signal.aborted) {
    const pair = await comparePair(hub, options.chipFile);
    if (pair !== null) {
      const file = join(dir, CHIP_PAIRS_FILE);
      writeWhole(file, [...readKept(file, ChipPair), pair].slice(-CHIP_PAIRS_MAX));
    }
    await sleep(CHIP_PAIR_EVERY_MS, undefined, { signal: options.signal, ref: false }).catch(() => undefined);
  }
}

/** Null while the time is not known, or known from the chip itself. */
async function comparePair(hub: HubTime, chipFile: string | undefined): Promise<ChipPair | null> {
  const { isTrusted, source } = hub.state();
  if (!isTrusted || (source !== 'system' && source !== 'confirmed')) return null;
  const chipMs = await readChip(chipFile);
  if (chipMs === null) return null;
  const { nowMs, boot }: HubMoment = hub.moment();
  return { chipMs, atMs: nowMs, errorMs: hub.state().errorMs ?? 0, boot, isKept: source === 'system' };
}

function writeWhole(file: string, value: unknown): void {
  const fd = openSync(`${file}.new`, 'w', 0o600);
  try {
    writeSync(fd, JSON.stringify(value));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${file}.new`, file);
  // The new name is on disk when its folder is.
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
