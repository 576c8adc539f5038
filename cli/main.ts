#!/usr/bin/env node
/** The command line: nouns and verbs, each registered by its own module; exit codes 0 done, 1 refused or failed, 2 wrong usage. */
import { createRequire } from 'node:module';
import { isCoded } from '@commonworks/core';
import { Command, CommanderError } from 'commander';
import { register as allocate } from './commands/allocate.ts';
import { register as audit } from './commands/audit.ts';
import { register as backup } from './commands/backup.ts';
import { register as container } from './commands/container.ts';
import { register as demo } from './commands/demo.ts';
import { register as docs } from './commands/docs.ts';
import { register as edge } from './commands/edge.ts';
import { register as flows } from './commands/flows.ts';
import { register as grafana } from './commands/grafana.ts';
import { register as importEda } from './commands/import-eda.ts';
import { register as init } from './commands/init.ts';
import { register as ledger } from './commands/ledger.ts';
import { register as log } from './commands/log.ts';
import { register as metering } from './commands/metering.ts';
import { register as run } from './commands/run.ts';
import { register as settle } from './commands/settle.ts';
import { register as verify } from './commands/verify.ts';

const project: { version: string } = createRequire(import.meta.url)('../package.json');
const program = new Command('commonworks')
  .description('Telemetry, fair shares and control for communities that own their means of production')
  .version(project.version, '--version', 'print the version')
  .showHelpAfterError('(run with --help for what there is)')
  .configureHelp({ sortSubcommands: true })
  .exitOverride();

for (const register of [
  init,
  run,
  demo,
  docs,
  allocate,
  metering,
  settle,
  verify,
  audit,
  backup,
  ledger,
  log,
  container,
  flows,
  grafana,
  importEda,
  edge,
])
  register(program);

// `commonworks ... | head` closes our output early: that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (isCoded(error)) {
    process.stderr.write(`error: ${error.message}\n  code    ${error.code}\n  remedy  ${error.remedy}\n`);
    return 1;
  }
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  return 1;
}
