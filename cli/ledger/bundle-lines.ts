/** Where bundle lines come from: a file, standard input, or a site's database beside its running server. */
import { join } from 'node:path';
import { openReadOnly } from '@commonworks/community/database.ts';
import { exportBundle } from '@commonworks/community/ledger/export-bundle.ts';
import { postingsFault } from '@commonworks/community/ledger/postings-fault.ts';
import { BUNDLE_LINE_MAX } from '@commonworks/core/ledger/index.ts';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';
import { openBytes, unreadable } from '../tables/open-text.ts';

/** @throws CodedError `cli.file-unreadable` */
async function* fileLines(name: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: false });
  let rest = '';
  try {
    for await (const chunk of openBytes(name)) {
      const pieces = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n');
      rest = pieces.pop() ?? '';
      // Only line feeds end a line; an endless one is handed on and refused by the check.
      if (rest.length > BUNDLE_LINE_MAX) pieces.push(rest);
      yield* pieces;
    }
  } catch (error) {
    throw unreadable(name, error);
  }
  if (rest !== '') yield rest;
}

/** @throws CodedError `site.not-found` and others of the site, `community.database-unusable`. */
export async function* siteLines(dir: string): AsyncGenerator<string> {
  const config = readSite(dir);
  await using db = openReadOnly(join(siteFiles(dir).data, 'community.db'));
  yield* exportBundle(db, config.community.id);
}

/** The table that balances are summed from must say what the entries say. */
export async function sitePostingsFault(dir: string): Promise<string | null> {
  await using db = openReadOnly(join(siteFiles(dir).data, 'community.db'));
  return await postingsFault(db);
}

export function bundleLines(from: { bundle: string | undefined; site: string | undefined }): AsyncGenerator<string> {
  return from.site === undefined ? fileLines(from.bundle ?? '-') : siteLines(from.site);
}
