/** `commonworks audit`: one whole round of all checks of a site, whether it runs or not; it writes nothing. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { auditLogOnce } from '@commonworks/broker/audit/audit-once.ts';
import { auditCommunityOnce } from '@commonworks/community/audit/audit-once.ts';
import { CodedError } from '@commonworks/core';
import { INVARIANTS, type InvariantAudit } from '@commonworks/core/audit/index.ts';
import type { Command } from 'commander';
import { readSite } from '../site/read-site.ts';
import { siteFiles } from '../site/site-files.ts';

const HELP = `
The same checks that a running site makes all the time, without pauses. Whether a relay is on is known to a running site only:
it alone says whether a machine has power that nothing explains.

Exit    0 every check is right, 1 something is not (each finding is named), 2 wrong usage.`;

export function register(program: Command): void {
  program
    .command('audit')
    .description('check what must always hold of a site: log, series, shares, ledger, commands, files')
    .argument('<site>', "the site's folder; it may run meanwhile")
    .option('--json', 'print the verdicts as JSON')
    .addHelpText('after', HELP)
    .action(async (dir: string, flags: { json?: true }) => {
      const audit = await auditSite(dir);
      process.stdout.write(flags.json ? `${JSON.stringify({ audit })}\n` : auditText(audit));
      if (audit.some(({ count }) => count > 0)) process.exitCode = 1;
    });
}

/** @throws CodedError `site.not-found` for what is no site, or one that never ran. */
export async function auditSite(dir: string): Promise<InvariantAudit[]> {
  const { community } = readSite(dir);
  const { data } = siteFiles(dir);
  const file = (name: string) => {
    const path = join(data, name);
    if (!existsSync(path)) throw new CodedError('site.not-found', `there is no ${path}: the site has not run yet`);
    return path;
  };
  const log = await auditLogOnce(file('telemetry.db'));
  const own = await auditCommunityOnce({
    file: file('community.db'),
    authFile: join(data, 'auth.db'),
    zone: community.zone,
  });
  return [...log, ...own];
}

export function auditText(audit: readonly InvariantAudit[]): string {
  const lines = audit.flatMap(({ invariant, checked, count, findings }) => [
    `${count === 0 ? 'ok   ' : 'WRONG'}  ${INVARIANTS[invariant].claim} (${checked} looked at)`,
    ...findings.map(({ message }) => `         ${message}`),
    ...(count > findings.length ? [`         and ${count - findings.length} more`] : []),
    ...(count > 0 ? [`       > ${INVARIANTS[invariant].toDo}`] : []),
  ]);
  const wrong = audit.filter(({ count }) => count > 0).length;
  const verdict = wrong === 0 ? 'Every check is right.' : `${wrong} of ${audit.length} checks found something.`;
  return `${lines.join('\n')}\n${verdict}\n`;
}
