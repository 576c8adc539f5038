/** axe-core in the page: WCAG 2.2 A and AA, nothing less. */
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

type Found = { readonly id: string; readonly help: string; readonly nodes: readonly { readonly html: string }[] };
type Axe = { run(options: object): Promise<{ violations: Found[] }> };

/** Before the first page: an init script, since the pages' own policy lets no other script in. */
export async function addAxe(context: BrowserContext): Promise<void> {
  await context.addInitScript({ content: axe.source });
}

/** What breaks the rules, one line each; empty when nothing does. */
export async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(async (rules) => {
    const page = globalThis as unknown as { axe: Axe };
    return (await page.axe.run({ runOnly: { type: 'tag', values: rules } })).violations;
  }, RULES);
  return found.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}: ${nodes
        .slice(0, 3)
        .map(({ html }) => html.slice(0, 160))
        .join(' | ')}`,
  );
}
