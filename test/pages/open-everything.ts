/** Opens all that opens on demand on a page, and looks for what is wider than the screen. */
/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { Page } from 'playwright-core';
import { settled } from './page-list.ts';

/** What opens may hold more that opens; deeper than this nothing is nested. */
const ROUNDS_MAX = 6;
const CLOSED = 'details:not([open]) > summary, button[aria-expanded="false"]';

/** Returns how many panels were opened. */
export async function openEverything(page: Page): Promise<number> {
  let opened = 0;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const closed = await page.locator('main').locator(CLOSED).all();
    const visible = (await Promise.all(closed.map(async (one) => ((await one.isVisible()) ? [one] : [])))).flat();
    if (visible.length === 0) return opened;
    // From the last on: what opens pushes down only what was clicked already.
    for (const one of visible.reverse()) {
      if (!(await one.isVisible())) continue;
      await one.click();
      opened++;
    }
    await settled(page);
  }
  return opened;
}

/** What lies beyond the right edge of the screen, but for what scrolls within itself; empty when all fits. */
export async function widerThanScreen(page: Page): Promise<string[]> {
  return await page.locator('html').evaluate((html) => {
    const width = html.clientWidth;
    const scrolls = (element: Element): boolean => {
      for (let one: Element | null = element.parentElement; one !== null; one = one.parentElement) {
        if (one !== html && one !== document.body && /auto|scroll|hidden|clip/.test(getComputedStyle(one).overflowX)) {
          return true;
        }
      }
      return false;
    };
    const found = [...document.querySelectorAll('body *')].filter((element) => {
      const { right, width: own } = element.getBoundingClientRect();
      return own > 0 && right > width + 1 && !scrolls(element);
    });
    const words = found.map((element) => {
      const name = `${element.tagName.toLowerCase()}.${element.className}`;
      return `${name}: ends at ${Math.round(element.getBoundingClientRect().right)} of ${width}`;
    });
    return html.scrollWidth > width && words.length === 0
      ? [`the page is ${html.scrollWidth} wide`]
      : words.slice(0, 10);
  });
}
