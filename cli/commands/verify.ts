/** `commonworks verify`: checks an exported ledger, or a site's, from nothing but its own figures. */
import { createHash } from 'node:crypto';
import { BundleFault, type BundleVerdict, createBundleCheck } from '@commonworks/core/ledger/index.ts';
import type { Command } from 'commander';
import { bundleLines, sitePostingsFault } from '../ledger/bundle-lines.ts';
import { createProgress } from '../tables/progress.ts';

type VerifyFlags = { site?: string; head?: string; json?: true };

const HELP = `
Every share is allocated again from the frozen registers, every posting is made again, every link of the chain is hashed
again. --head takes the ledger head printed on any earlier statement: without it a wholly rewritten ledger would look
consistent too, and the answer is "consistent, origin unproven".

Exit    0 nothing is wrong, 1 something is (the first line at fault is named), 2 wrong usage.`;

export function register(program: Command): void {
  const command = program
    .command('verify')
    .description('check a ledger export, or a site, from its own figures')
    .argument('[bundle]', 'a file made by `commonworks ledger export`, also .gz; - for standard input')
    .option('--site <dir>', "check a site's database instead; its server may run meanwhile")
    .option('--head <hash>', 'a ledger head from an earlier statement')
    .option('--json', 'print the verdict as JSON')
    .addHelpText('after', HELP);
  command.action(async (bundle: string | undefined, flags: VerifyFlags) => {
    if ((bundle === undefined) === (flags.site === undefined)) {
      command.error('name a bundle, or a site with --site', { exitCode: 2 });
    }
    if (flags.head !== undefined && !/^[0-9a-f]{64}$/.test(flags.head)) {
      command.error('--head takes the 64 hexadecimal digits printed on a statement', { exitCode: 2 });
    }
    const verdict = await verify(bundle, flags);
    process.stdout.write(flags.json ? `${JSON.stringify(verdict)}\n` : verdictText(verdict));
    if (verdict.verdict === 'broken') process.exitCode = 1;
  });
}

async function verify(bundle: string | undefined, flags: VerifyFlags): Promise<BundleVerdict> {
  const verdict = await checkLines(bundleLines({ bundle, site: flags.site }), flags.head);
  if (flags.site === undefined || verdict.verdict === 'broken') return verdict;
  const message = await sitePostingsFault(flags.site);
  return message === null ? verdict : { ...verdict, verdict: 'broken', fault: { line: 0, message } };
}

async function checkLines(lines: AsyncIterable<string>, head: string | undefined): Promise<BundleVerdict> {
  const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
  const check = createBundleCheck({ sha256, head });
  const progress = createProgress('lines checked');
  let count = 0;
  try {
    for await (const line of lines) {
      check.line(line);
      progress(++count);
    }
    return check.verdict();
  } catch (error) {
    if (error instanceof BundleFault) return check.verdict(error);
    throw error;
  }
}

function verdictText(verdict: BundleVerdict): string {
  const { head, entries, runs, anchor } = verdict;
  const size = `${entries} entries, ${runs} settlement ${runs === 1 ? 'run' : 'runs'}`;
  const values = valuesText(verdict);
  switch (verdict.verdict) {
    case 'broken': {
      const { line, message } = verdict.fault ?? { line: 0, message: '' };
      return `broken${line > 0 ? `, line ${line}` : ''}: ${message}\n`;
    }
    case 'anchored':
      return `verified: ${size}; the head given is entry ${anchor} of this chain\n${values}head ${head.hash} (entry ${head.position})\n`;
    case 'consistent':
      return (
        `consistent, origin unproven: ${size}\n${values}head ${head.hash} (entry ${head.position})\n` +
        'Give --head with the ledger head of any earlier statement to prove where it comes from.\n'
      );
    default:
      return verdict.verdict satisfies never;
  }
}

/** What of the settled energy nobody measured: a figure that adds up may still be one that somebody typed. */
function valuesText({ intervals }: BundleVerdict): string {
  const { measured, estimated, substituted, missing } = intervals;
  if (measured + estimated + substituted + missing === 0) return '';
  return `settled intervals: ${measured} measured, ${estimated} estimated, ${substituted} typed by a person, ${missing} missing\n`;
}
