/** What the backup commands print for people. */
import { resolve } from 'node:path';
import type { MadeBackup } from './create-backup.ts';
import type { ListedBackup } from './list-backups.ts';
import type { Restored } from './restore-backup.ts';
import type { BackupVerdict } from './verify-backup.ts';

/** A name that this program is called by, with a path that works from any folder. */
export const COMMAND = 'npx commonworks';

export function sizeText(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1000)} kB`;
  const megabytes = bytes / 1_000_000;
  return megabytes < 1000 ? `${Math.round(megabytes)} MB` : `${(megabytes / 1000).toFixed(1)} GB`;
}

/** A time in the future is said as it is: one of the two clocks was wrong. */
export function ageText(ageMs: number): string {
  if (ageMs < -60_000) return 'in the future';
  const minutes = Math.floor(Math.max(0, ageMs) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 120) return `${minutes} min ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ago` : `${Math.floor(hours / 24)} days ago`;
}

export function madeText(made: MadeBackup, removedNames: readonly string[]): string {
  const { manifest, backup, bytes } = made;
  const removed = removedNames.map((name) => `  removed   ${name}\n`).join('');
  const notes = [
    ...(made.isSameDisk
      ? ['It lies on the same disk as the site: when that disk dies both are gone. Keep it, or a copy, on another one.']
      : []),
    ...(made.isOpenToOthers
      ? ['Its disk keeps no rights: whoever holds it reads the keys. Lock it away, or use an encrypted one.']
      : []),
    ...(made.isRemembered
      ? []
      : ["The site could not be told of it (its data folder cannot be written): its pages won't show it."]),
  ];
  return `Backed up "${manifest.community.name}": ${sizeText(bytes)}, ${manifest.files.length} files, checked after writing
  backup    ${resolve(backup)}
${removed}  restore   ${COMMAND} backup restore ${resolve(backup)} FOLDER

It holds the keys and the log-ins of the site: who can read it can act as the site. Keep it private.
${notes.map((note) => `Note: ${note}\n`).join('')}`;
}

export function listText(dir: string, list: readonly ListedBackup[], nowMs: number): string {
  if (list.length === 0) return `no backups in ${dir}\n`;
  const rows = list.map(({ name, manifest, bytes, fault, checkedMs }) => {
    const age = manifest === null ? '?' : ageText(nowMs - manifest.createdMs);
    const good = checkedMs === null ? 'verified when made' : `verified ${ageText(nowMs - checkedMs)}`;
    const state = fault === null ? good : `DAMAGED: ${fault}`;
    return [name, age, bytes === null ? '?' : sizeText(bytes), manifest?.community.name ?? '?', state];
  });
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `${row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('   ')}\n`).join('');
}

export function verdictText(backup: string, { manifest, damages }: BackupVerdict): string {
  if (damages.length === 0) {
    const ledger = manifest.ledger === null ? 'no ledger yet' : `ledger to entry ${manifest.ledger.position}`;
    const log = manifest.log === null ? 'no log yet' : `log to cursor ${manifest.log.head}`;
    const made = new Date(manifest.createdMs).toISOString();
    return `good: "${manifest.community.name}" as of ${made}, ${manifest.files.length} files, ${log}, ${ledger}\n`;
  }
  const lines = damages.map(({ path, what, meaning }) => `  ${path} ${what}\n    ${meaning}\n`);
  return `damaged: ${backup}\n${lines.join('')}Restore another backup, and make a new one while the site is whole.\n`;
}

export function restoredText({ manifest, into, generation, aside, keptOutboxes }: Restored, nowMs: number): string {
  const { community, createdMs } = manifest;
  const made = new Date(createdMs).toISOString();
  const run = manifest.files.some(({ path }) => path === 'demo.yaml') ? 'demo run --dir' : 'run';
  const kept =
    keptOutboxes.length === 0
      ? ''
      : `  kept      ${keptOutboxes.join(', ')}: as they are now, with what was not sent yet\n`;
  const old = aside === null ? '' : `  old data  ${aside} (delete it when all is well)\n`;
  const log = generation === null ? '' : 'Agents send again by themselves what they still hold of the time since.\n';
  return `Restored "${community.name}" as of ${made} (${ageText(nowMs - createdMs)}) into ${into}
${old}${kept}  start it  ${COMMAND} ${run} ${into}

${log}Bookings, settlements and new members of the time since are not in it.
It is the same community with the same keys: never run it beside the old one.
`;
}
