/** What a run's storage took, gave and lost, by metering point. */
import type { StorageSums } from '@commonworks/core/api/index.ts';
import type { PeriodHeader, StorageTotal } from '@commonworks/core/settlement/index.ts';

export function storageSums(header: PeriodHeader, totals: readonly StorageTotal[]): Omit<StorageSums, 'pointName'>[] {
  return totals.map(({ point, ...sums }) => ({ point: header.points[point]?.id ?? '', ...sums }));
}
