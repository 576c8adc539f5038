/** `commonworks ledger`: the newest entry's hash, and the export that `verify` checks. */

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { openReadOnly } from '@commonworks/community/database.ts';
import { ledgerHead } from '@commonworks/community/ledger/post-entry.ts';
import { CodedError } from '@commonworks/core';
import type { Command } from 'commander';
import { siteLines } from '../ledger/bundle-lines.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { createProgress } from '../tables/progress.ts';

export function register(program: Command): void {
  const ledger = program.command('ledger').description("a site's ledger: its head, and an export anyone can check");
  ledger
    .command('head')
    .description('print position and hash of the newest entry')
    .requiredOption('--site <dir>', 'the site')
    .option('--json', 'print as JSON')
    .action(printHead);
  ledger
    .command('export')
    .description('write frozen inputs, results, postings and chain as one file of lines')
    .requiredOption('--site <dir>', 'the site; its server may run meanwhile')
    .requiredOption('--out <file>', 'where to; a name ending in .gz is compressed; - for standard output')
    .addHelpText(
      'after',
      '\nCheck it anywhere with `commonworks verify FILE --head HASH`. It holds opaque ids, no names.',
    )
    .action(writeExport);
}

async function printHead(flags: { site: string; json?: true }): Promise<void> {
  readSite(flags.site);
  await using db = openReadOnly(join(siteFiles(flags.site).data, 'community.db'));
  const head = await ledgerHead(db);
  process.stdout.write(flags.json ? `${JSON.stringify(head)}\n` : `${head.hash} (entry ${head.position})\n`);
}

/** Written beside its name and renamed: a half export never looks like a whole one. */
async function writeExport(flags: { site: string; out: string }): Promise<void> {
  const source = Readable.from(withLineFeeds(siteLines(flags.site)));
  if (flags.out === '-') return await pipeline(source, process.stdout, { end: false });
  const beside = `${flags.out}.${process.pid}.part`;
  try {
    const file = createWriteStream(beside, { mode: 0o600, flush: true });
    await (flags.out.endsWith('.gz') ? pipeline(source, createGzip(), file) : pipeline(source, file));
    await rename(beside, flags.out);
  } catch (cause) {
    await rm(beside, { force: true });
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('cli.file-unwritable', `cannot write ${flags.out}: ${String(cause)}`, { cause });
  }
}

async function* withLineFeeds(lines: AsyncIterable<string>): AsyncGenerator<string> {
  const progress = createProgress('lines written');
  let count = 0;
  for await (const line of lines) {
    yield `${line}\n`;
    progress(++count);
  }
}
