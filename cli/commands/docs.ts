/** `commonworks docs generate`: writes the pages that are made from code. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { errorsPage } from '../docs/errors-page.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));

export function register(program: Command): void {
  const docs = program.command('docs').description('the pages of docs/ that are made from code');
  docs
    .command('generate')
    .description('write docs/errors.md from the error catalogue')
    .action(() => {
      writeFileSync(`${DOCS}errors.md`, errorsPage());
      process.stdout.write('wrote docs/errors.md\n');
    });
}
