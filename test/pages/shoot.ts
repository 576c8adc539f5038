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

export type Shot = { readonly check: PageCheck; readonly viewport: ViewportName; readonly scheme: Scheme };

const HEIGHT_MAX_PX = 6_000;

/** Every page at every width in both schemes. */
export function allShots(pages: readonly PageCheck[] = PAGES): Shot[] {
  return pages.flatMap((check) =>
    VIEWPORT_NAMES.flatMap((viewport) => SCHEMES.map((scheme): Shot => ({ check, viewport, scheme }))),
  );
}

/** `community-390-light.png` in `out`; the page must be open and settled. */
export async function photograph(page: Page, { check, viewport, scheme }: Shot, out: string): Promise<void> {
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
  const shots = allShots(PAGES.filter(({ name }) => options.only === '' || options.only.split(',').includes(name)));
  for (const shot of shots) {
    await using context = await visitor(browser, shot.viewport, shot.scheme);
    await logIn(context, url, options.loginOf(shot.check.who));
    const page = await context.newPage();
    await open(page, url, shot.check);
    await photograph(page, shot, options.out);
  }
  return shots.length;
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
