/** `commonworks backup`: make, list, check and put back backups of a site. */
import { basename, resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { createBackup } from '../backup/create-backup.ts';
import { keepNewest, listBackups, unfinished } from '../backup/list-backups.ts';
import { restoreBackup } from '../backup/restore-backup.ts';
import { verifyBackup } from '../backup/verify-backup.ts';
import { listText, madeText, restoredText, verdictText } from '../backup/words.ts';

const EXAMPLE = `
Example, with a disk mounted at /mnt/backup:
  $ mkdir /mnt/backup/sonnenhof
  $ npx commonworks backup create /srv/sonnenhof /mnt/backup/sonnenhof --keep 14
  $ npx commonworks backup list /mnt/backup/sonnenhof
`;

export function register(program: Command): void {
  const backup = program.command('backup').description('copies of a whole site: make, list, check and restore them');
  backup
    .command('create')
    .description('copy a site, whether it runs or not, and check the copy')
    .argument('<site>', "the site's folder")
    .argument('<dir>', 'where backups are kept, best on another disk; each gets a folder of its own there')
    .option('--keep <n>', 'afterwards delete all but the newest n good backups of this site there', count)
    .option('--json', 'print what was made as JSON')
    .addHelpText('after', `${EXAMPLE}\nA backup holds the keys and the log-ins of the site: keep it private.`)
    .action(create);
  backup
    .command('list')
    .description('the backups in a folder, newest first')
    .argument('<dir>', 'where backups are kept')
    .option('--json', 'print them as JSON')
    .action(list);
  backup
    .command('verify')
    .description(
      'read a whole backup again: every file, database, pack and ledger entry; exit code 1 when it is damaged',
    )
    .argument('<backup>', 'one backup: a folder backup-...')
    .option('--json', 'print the verdict as JSON')
    .action(verify);
  backup
    .command('restore')
    .description('make a site from a backup')
    .argument('<backup>', 'one backup: a folder backup-...')
    .argument('<into>', 'a new folder; or the old site, with --over')
    .option('--over', 'replace the site that is there, which must be stopped; its data are kept aside')
    .option('--json', 'print what was done as JSON')
    .action(restore);
}

type Json = { json?: true };

async function create(site: string, dir: string, flags: Json & { keep?: number }): Promise<void> {
  const made = await createBackup(site, dir);
  const { isTimeKnown, community } = made.manifest;
  const removed =
    flags.keep === undefined
      ? []
      : await keepNewest(dir, { name: basename(made.backup), community: community.id }, flags.keep);
  const { backup, bytes, manifest, isSameDisk, isOpenToOthers, isRemembered } = made;
  const { createdMs, log, ledger, files } = manifest;
  print(flags, madeText(made, removed), {
    ...{ backup: resolve(backup), createdMs, isTimeKnown, bytes, files: files.length, log, ledger },
    ...{ removed, isSameDisk, isOpenToOthers, isRemembered },
  });
}

async function list(dir: string, flags: Json): Promise<void> {
  const all = await listBackups(dir);
  const left = unfinished(dir).map((name) => `Note: ${name} was left by a run that was cut short: delete it.\n`);
  const rows = all.map(({ name, manifest, bytes, fault, checkedMs }) => {
    const { createdMs, community } = manifest ?? { createdMs: null, community: null };
    return { name, createdMs, community, bytes, fault, checkedMs };
  });
  print(flags, `${listText(dir, all, Date.now())}${left.join('')}`, rows);
}

async function verify(backup: string, flags: Json): Promise<void> {
  const verdict = await verifyBackup(backup, Date.now());
  const { manifest, damages } = verdict;
  const { createdMs, community, log, ledger } = manifest;
  print(flags, verdictText(backup, verdict), {
    isGood: damages.length === 0,
    damages,
    createdMs,
    community,
    log,
    ledger,
  });
  if (damages.length > 0) process.exitCode = 1;
}

async function restore(backup: string, into: string, flags: Json & { over?: true }): Promise<void> {
  const restored = await restoreBackup(resolve(backup), resolve(into), { over: flags.over === true });
  const { manifest, generation, aside, keptOutboxes } = restored;
  print(flags, restoredText(restored, Date.now()), {
    ...{ into: restored.into, aside, keptOutboxes, createdMs: manifest.createdMs, generation },
  });
}

function print({ json }: Json, text: string, value: unknown): void {
  process.stdout.write(json ? `${JSON.stringify(value)}\n` : text);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('how many to keep is 1 or more.');
  return value;
}
