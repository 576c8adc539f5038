/** The pages a person may open, and what shows that one has arrived. */
import type { Page } from 'playwright-core';

export type PageCheck = { readonly name: string; readonly path: string; readonly who: Who; readonly arrived: string };
/** Part of the e-mail address before the @: the demo and the fixture use the same people. */
export type Who = 'anna' | 'olga' | 'theo' | 'ada';

export const PAGES = [
  { name: 'community', path: '/', who: 'anna', arrived: '.flow-hub' },
  { name: 'share', path: '/share', who: 'anna', arrived: '.now-figures' },
  { name: 'machines', path: '/machines', who: 'anna', arrived: '.machine-grid' },
  { name: 'operator', path: '/operator', who: 'olga', arrived: '.device-row' },
  { name: 'treasury', path: '/treasury', who: 'theo', arrived: '.fingerprint' },
  { name: 'people', path: '/people', who: 'ada', arrived: '.person' },
] as const satisfies PageCheck[];
export type PageName = (typeof PAGES)[number]['name'];

export function pageNamed(name: PageName): PageCheck {
  const found = PAGES.find((check) => check.name === name);
  if (found === undefined) throw new Error(`there is no page ${name}`);
  return found;
}

const PATIENCE_MS = 60_000;

export async function open(page: Page, url: string, check: PageCheck): Promise<void> {
  await page.goto(url + check.path, { waitUntil: 'domcontentloaded', timeout: PATIENCE_MS });
  await page.locator(check.arrived).first().waitFor({ timeout: PATIENCE_MS });
  await settled(page);
}

/** No skeleton left and every chart drawn; by selectors, since the pages' policy forbids evaluating text. */
export async function settled(page: Page): Promise<void> {
  for (const unfinished of ['.skeleton', '.chart:not(:has(canvas))']) {
    await page.locator(unfinished).first().waitFor({ state: 'detached', timeout: PATIENCE_MS });
  }
}
