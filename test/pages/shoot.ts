/** Photographs every page at three widths, light and dark: `node test/pages/shoot.ts --url URL --out DIR [--logins FILE]`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import {
  type Login,
  logIn,
  openBrowser,
  SCHEMES,
  type Scheme,
  VIEWPORT_NAMES,
  VIEWPORTS,
  type ViewportName,
  visitor,
} from './browser.ts';
import { fixtureLogin, loginsFrom } from './logins.ts';
import { open, PAGES, type PageCheck, settled } from './page-list.ts';

export type Look = { readonly check: PageCheck; readonly viewport: ViewportName };

const HEIGHT_MAX_PX = 6_000;

/** Every page at every width. */
export function allLooks(pages: readonly PageCheck[] = PAGES): Look[] {
  return pages.flatMap((check) => VIEWPORT_NAMES.map((viewport): Look => ({ check, viewport })));
}

/** The open page in one scheme after the other, as its reader's device changes over in the evening; `see` looks at each. */
export async function inBothSchemes(page: Page, see: (scheme: Scheme) => Promise<void>): Promise<void> {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await settled(page);
    await see(colorScheme);
  }
}

/** `community-390-light.png` in `out`; the page must be open and settled. */
export async function photograph(
  page: Page,
  { check, viewport, scheme, out }: Look & { scheme: Scheme; out: string },
): Promise<void> {
  mkdirSync(out, { recursive: true });
  await fitWindow(page);
  await page.screenshot({
    path: join(out, `${check.name}-${VIEWPORTS[viewport].width}-${scheme}.png`),
    fullPage: true,
  });
}

/** As high as the page, so that what is fixed to the window's edges is photographed at the page's edges. */
async function fitWindow(page: Page): Promise<void> {
  const size = page.viewportSize();
  if (size === null) return;
  const heightPx = (await page.locator('html').evaluate((html) => html.scrollHeight)) as number;
  await page.setViewportSize({ width: size.width, height: Math.max(size.height, Math.min(heightPx, HEIGHT_MAX_PX)) });
  await settled(page);
}

async function shootAll(
  url: string,
  options: { out: string; only: string; loginOf: (who: string) => Login },
): Promise<number> {
  await using browser = await openBrowser();
  const { out } = options;
  const looks = allLooks(PAGES.filter(({ name }) => options.only === '' || options.only.split(',').includes(name)));
  for (const look of looks) {
    await using context = await visitor(browser, look.viewport, 'light');
    await logIn(context, url, options.loginOf(look.check.who));
    const page = await context.newPage();
    await open(page, url, look.check);
    await inBothSchemes(page, (scheme) => photograph(page, { ...look, scheme, out }));
  }
  return looks.length * SCHEMES.length;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, out: { type: 'string' }, logins: { type: 'string' }, only: { type: 'string' } },
  });
  const { url, out, logins, only = '' } = values;
  if (url === undefined || out === undefined) {
    throw new Error(
      'usage: node test/pages/shoot.ts --url URL --out DIR [--logins demo-logins.json] [--only share,people]',
    );
  }
  const loginOf = logins === undefined ? fixtureLogin : loginsFrom(logins);
  process.stdout.write(`${await shootAll(url, { out, only, loginOf })} photographs in ${out}\n`);
}
