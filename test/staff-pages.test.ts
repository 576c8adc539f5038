/** What treasurers and operators do for others, in a real browser: shares, statements, a session that nobody ends. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureAudit } from '../dashboard/dev/fixture-audit.ts';
import { startFixtureServer } from '../dashboard/dev/fixture-server.ts';
import { addAxe, violations } from './pages/axe.ts';
import { logIn, openBrowser, visitor } from './pages/browser.ts';
import { fixtureLogin } from './pages/logins.ts';
import { open, pageNamed } from './pages/page-list.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => browser.close());

type Visit = { context: BrowserContext; url: string; who: string; name: 'treasury' | 'machines' | 'operator' };

async function visit({ context, url, who, name }: Visit): Promise<Page> {
  await addAxe(context);
  await logIn(context, url, fixtureLogin(who));
  const page = await context.newPage();
  await open(page, url, pageNamed(name));
  return page;
}

describe('a treasurer', () => {
  it('hands shares on, from what is unsold and between members', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await visit({ context, url: server.url, who: 'theo', name: 'treasury' });
    await page.locator('summary', { hasText: 'Hand shares on' }).click();
    const form = page.locator('form', { has: page.getByLabel('Hand on to') });
    await form.getByLabel('Hand on to').selectOption({ label: 'Anna' });
    await form.getByLabel('How many').fill('5');
    await form.getByLabel('Why, for the register').fill('Bought');
    await form.getByRole('button', { name: 'Hand on' }).click();
    await page.getByText('5 shares handed on to Anna.').first().waitFor();
    await page.getByText('7 of them unsold').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('sees which meter keeps a month open, types values for its gap, and withdraws them', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await visit({ context, url: server.url, who: 'theo', name: 'treasury' });
    await page.getByText('1 of 11 registers must be decided').waitFor();
    const home = page.locator('.register-quality', { hasText: 'belongs to Felix' });
    await home.locator('summary', { hasText: 'Type values for the gap' }).click();
    await home.getByRole('button', { name: 'Use 1.184 kWh' }).click();
    await home.getByLabel('Why, for everybody who asks later').first().fill('Read off before and after');
    expect(await violations(page)).toEqual([]);
    expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBeLessThanOrEqual(0);
    await home.getByRole('button', { name: 'Record these values' }).click();
    await page.getByText('All 11 registers are complete or decided').waitFor();
    await page.locator('summary', { hasText: 'Nothing to decide' }).click();
    await home.getByText('Read off before and after').waitFor();
    await home.locator('summary', { hasText: 'Withdraw' }).click();
    await home.getByLabel('Why it is withdrawn').fill('Misread');
    await home.getByRole('button', { name: 'Withdraw these values' }).click();
    await page.getByText('1 of 11 registers must be decided').waitFor();
  });

  it('leaves a gap as it is for a reason, and sees what would be posted', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'desk', 'dark');
    const page = await visit({ context, url: server.url, who: 'theo', name: 'treasury' });
    const home = page.locator('.register-quality', { hasText: 'belongs to Felix' });
    await home.locator('summary', { hasText: 'Leave it as it is' }).click();
    await home.getByLabel('Why, for everybody who asks later').fill('Nobody read it');
    await home.getByRole('button', { name: 'Leave it, the month may close' }).click();
    await page.getByText('All 11 registers are complete or decided').waitFor();
    await page.locator('summary', { hasText: 'Show what would be posted' }).click();
    await page.getByText('Nothing of this is written.').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it("reads a member's statement", async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await visit({ context, url: server.url, who: 'theo', name: 'treasury' });
    await page.getByLabel('Member', { exact: true }).selectOption({ label: 'Ben' });
    await page.getByRole('link', { name: 'Open the statements' }).click();
    await page.locator('.link-row').first().click();
    await page.getByRole('heading', { name: /^Ben (pays|gets) / }).waitFor();
    await page.getByRole('link', { name: 'Statements of Ben' }).click();
    await page.getByRole('heading', { name: 'Statements of Ben' }).waitFor();
  });
});

describe('an operator', () => {
  it('ends the session of somebody else, and is asked twice', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await visit({ context, url: server.url, who: 'olga', name: 'machines' });
    await page.getByRole('button', { name: 'End their session: Laser cutter' }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'Yes, end it now' }).click();
    await page.getByText('The session of Ben has ended.').first().waitFor();
    await expect.poll(() => page.getByRole('button', { name: /^End their session/ }).count()).toBe(0);
  });

  it('is a person of that office: a member sees no such button', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await visit({ context, url: server.url, who: 'anna', name: 'machines' });
    expect(await page.getByRole('button', { name: /^End their session/ }).count()).toBe(0);
  });
});

describe('the checks of the stored data', () => {
  it.each([
    [false, 'All 11 checks found the stored data right.'],
    [true, '1 check found something that is not right.'],
  ])('are calm while all is right, and say what to do when it is not (wrong: %s)', async (isWrong, sentence) => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'dark');
    await context.route('**/api/v1/audit', (route) => route.fulfill({ json: fixtureAudit(Date.now(), isWrong) }));
    const page = await visit({ context, url: server.url, who: 'olga', name: 'operator' });
    await page.getByText(sentence).waitFor();
    expect(await page.getByText('Until it is right again, the months concerned are not closed.').count()).toBe(
      isWrong ? 1 : 0,
    );
    await page.locator('summary', { hasText: 'What is checked' }).click();
    await page.getByText('Every acknowledged pack is in the log once').waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBeLessThanOrEqual(0);
  });
});
