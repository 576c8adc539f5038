/** A whole range of a series, page by page, as its readers read it. */
import type { SeriesRange } from '@commonworks/core';

/** `get` asks the broker; `query` is that of GET /series. */
export async function readSeries(
  get: (path: string) => Promise<SeriesRange>,
  query: Readonly<Record<string, string>>,
): Promise<SeriesRange[]> {
  const pages: SeriesRange[] = [];
  for (let fromMs = query['fromMs'] ?? '0'; ; ) {
    const page = await get(`/series?${new URLSearchParams({ ...query, fromMs })}`);
    pages.push(page);
    if (page.next === null) return pages;
    fromMs = String(page.next);
  }
}
