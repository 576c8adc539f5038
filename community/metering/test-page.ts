/** A page of a log for tests of its followers. */
import type { LogEntry, LogPage } from '@commonworks/core';

export const TEST_LOG = { log: '00000000-0000-7000-8000-0000000000aa', generation: 1 };

export function testPage(entries: readonly LogEntry[], next: number, head: number): LogPage {
  return { ...TEST_LOG, entries: [...entries], holes: [], next, head, behind: Math.max(0, head - next) };
}
