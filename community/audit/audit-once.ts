/** One whole round over a site's databases without pauses, for a command: nothing is kept. */
import {
  type AuditPage,
  EMPTY_PAGE,
  type InvariantAudit,
  runOneRound,
  takeSlice,
  verdicts,
} from '@commonworks/core/audit/index.ts';
import { COMMUNITY_CHECKS, communityChecks, judgeFault } from './community-checks.ts';
import { openLooking } from './looking.ts';

/** @throws CodedError `community.database-unusable` */
export async function auditCommunityOnce(site: {
  file: string;
  authFile: string;
  zone: string;
}): Promise<InvariantAudit[]> {
  const looking = openLooking(site.file);
  const nowMs = Date.now();
  const checks = communityChecks(looking, {
    ...{ zone: site.zone, files: [site.file, site.authFile], seen: () => [], nowMs: () => nowMs, graceMs: () => 0 },
  });
  const pages = new Map<string, AuditPage>();
  const onSlice = (name: string, slice: Parameters<typeof takeSlice>[1]) =>
    void pages.set(name, takeSlice(pages.get(name) ?? EMPTY_PAGE, slice, nowMs).page);
  try {
    await runOneRound(checks, { onSlice, judge: judgeFault });
  } finally {
    looking.close();
  }
  return verdicts(COMMUNITY_CHECKS, pages);
}
