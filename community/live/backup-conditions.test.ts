/** The alarm for a backup that is too old or was never made. */
import { describe, expect, it } from 'vitest';
import { backupConditions } from './backup-conditions.ts';

const DAY = 86_400_000;
const NOW = 1_790_000_000_000;
const found = (newestMs: number | null, siteSinceMs: number | null) =>
  backupConditions({ newestMs, siteSinceMs }, NOW).map(({ message, sinceMs }) => ({ message, sinceMs }));

describe('the alarm about backups', () => {
  it('is silent on the first day, within seven days of a backup, and in a demo', () => {
    expect(found(null, NOW - DAY + 1)).toEqual([]);
    expect(found(NOW - 7 * DAY + 1, NOW - 900 * DAY)).toEqual([]);
    expect(found(NOW + DAY, NOW - 900 * DAY)).toEqual([]);
    expect(backupConditions(null, NOW)).toEqual([]);
  });

  it('warns of a site that never had one, since it was a day old', () => {
    const [alarm] = found(null, NOW - 3 * DAY);
    expect(alarm).toEqual({
      message: expect.stringContaining('There is no backup of this site.'),
      sinceMs: NOW - 2 * DAY,
    });
    expect(found(null, null)).toEqual([{ message: expect.stringContaining('no backup'), sinceMs: undefined }]);
  });

  it('warns of one older than seven days, with its age, since it was seven', () => {
    const [alarm] = found(NOW - 9.5 * DAY, NOW - 900 * DAY);
    expect(alarm).toEqual({ message: expect.stringContaining('is 9 days old'), sinceMs: NOW - 2.5 * DAY });
    expect(backupConditions({ newestMs: NOW - 8 * DAY, siteSinceMs: 0 }, NOW)).toMatchObject([
      { code: 'live.backup-old', severity: 'warning' },
    ]);
  });
});
