/** One whole round over a log without pauses, for a command: nothing is kept. */
import {
  type AuditPage,
  EMPTY_PAGE,
  type InvariantAudit,
  runOneRound,
  takeSlice,
  verdicts,
} from '@commonworks/core/audit/index.ts';
import { openForReading } from '@commonworks/telemetry/sqlite/open-database.ts';
import { BROKER_CHECKS, brokerChecks, judgeFault } from './broker-checks.ts';

export async function auditLogOnce(telemetryFile: string): Promise<InvariantAudit[]> {
  using db = openForReading(telemetryFile);
  const pages = new Map<string, AuditPage>();
  const onSlice = (name: string, slice: Parameters<typeof takeSlice>[1]) =>
    void pages.set(name, takeSlice(pages.get(name) ?? EMPTY_PAGE, slice, Date.now()).page);
  await runOneRound(brokerChecks(db), { onSlice, judge: judgeFault });
  return verdicts(BROKER_CHECKS, pages);
}
