/** What an admin does every day, in a real browser: badges, roles, shares, leaving, agents; each in a community of its own. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

async function openPeople(context: BrowserContext, url: string): Promise<Page> {
  await addAxe(context);
  await logIn(context, url, fixtureLogin('ada'));
  const page = await context.newPage();
  await open(page, url, pageNamed('people'));
  return page;
}

describe('an admin', () => {
  it('gives a badge nobody has to a member: choose, press, and it stands with the member until taken back', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    const unknown = page.locator('.unknown-badge', { hasText: 'Laser cutter’s reader' }).first();
    expect(await unknown.textContent()).toMatch(/An unknown badge was shown at Laser cutter’s reader, .* ago\./);
    expect(await unknown.getByRole('button').isDisabled()).toBe(true);
    await unknown.getByLabel('Give it to').selectOption({ label: 'Olga' });
    await unknown.getByRole('button').click();
    await page.getByText('Olga has the badge now.').waitFor();
    await expect.poll(() => page.locator('.person', { hasText: 'olga@demo' }).textContent()).toContain('1 badge');
    await page.getByRole('button', { name: 'Change: Olga' }).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Take back: a41fa41f/ }).click();
    await page.getByText('The badge opens nothing any more.').waitFor();
    await page.getByText('No badge yet.').waitFor();
  });

  it('changes roles, but the last admin stays one, and is told so in words', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Change: Ada' }).click();
    await page.locator('.person-changes').getByLabel('Admin').uncheck();
    await page.getByText('Without this role you no longer see this page.').waitFor();
    await page.getByRole('button', { name: 'Save roles' }).click();
    expect(await page.locator('.person-changes [role=alert]').textContent()).toContain('http.last-admin');
    await page.getByRole('button', { name: 'Close: Ada' }).click();
    await page.getByRole('button', { name: 'Change: Ben' }).click();
    await page.locator('.person-changes').getByLabel('Operator').check();
    await page.getByRole('button', { name: 'Save roles' }).click();
    await expect.poll(() => page.locator('.person', { hasText: 'ben@demo' }).textContent()).toContain('Operator');
  });

  it('lets a member leave once the shares are handed on', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Change: Ines' }).click();
    const changes = page.locator('.person-changes');
    await changes.getByRole('button', { name: 'Ines leaves the community' }).click();
    await changes.getByRole('button', { name: 'Yes, Ines leaves now' }).click();
    await changes.getByText('Move the shares first').waitFor();
    expect(await violations(page)).toEqual([]);
    const handOn = changes.locator('details', { hasText: 'Hand on' });
    await handOn.locator('summary').click();
    await handOn.getByLabel('Why, for the register').fill('Moves away');
    await handOn.getByRole('button', { name: 'Hand on' }).click();
    await changes.getByText('No shares to hand on.').waitFor();
    await changes.getByRole('button', { name: 'Yes, Ines leaves now' }).click();
    await page.getByText('1 former member').click();
    await expect.poll(() => page.locator('.person', { hasText: 'ines@demo' }).count()).toBe(0);
  });

  it('sees the meters again after a leave, and opens the statements of who left', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Change: Olga' }).click();
    const changes = page.locator('.person-changes');
    await changes.getByRole('button', { name: 'Olga leaves the community' }).click();
    const again = page.waitForRequest((request) => request.url().endsWith('/metering-points'));
    await changes.getByRole('button', { name: 'Yes, Olga leaves now' }).click();
    await again;
    await page.getByText('1 former member').click();
    await page.getByRole('link', { name: 'Statements of Olga' }).click();
    await page.getByRole('heading', { name: 'Statements of Olga' }).waitFor();
    expect(await violations(page)).toEqual([]);
    await page.locator('.link-row').first().click();
    await page.getByRole('heading', { name: /^Olga (pays|gets) / }).waitFor();
    expect(await page.locator('.statement-head').textContent()).toContain('Olga');
    expect(await violations(page)).toEqual([]);
  });

  it('gives unsold shares to somebody who belongs already', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Change: Olga' }).click();
    const changes = page.locator('.person-changes');
    await changes.locator('summary', { hasText: 'Give unsold shares' }).click();
    await changes.getByText('12 shares unsold.').waitFor();
    await changes.getByLabel('How many').fill('5');
    await changes.getByLabel('Why, for the register').fill('Bought');
    const sent = page.waitForRequest((request) => request.url().endsWith('/shares/transfers'));
    await changes.getByRole('button', { name: 'Give', exact: true }).click();
    expect((await sent).headers()['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
    expect((await sent).postDataJSON()).toEqual({ from: 'community', to: 'olga', shares: 5, reason: 'Bought' });
    await changes.getByText('Holds 5 shares.').waitFor();
    expect(await violations(page)).toEqual([]);
  });

  it('changes a name without sending the address along', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Change: Ben' }).click();
    await page.locator('.person-changes').getByLabel('Name', { exact: true }).fill('Ben Berg');
    const sent = page.waitForRequest((request) => request.method() === 'PATCH');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    expect((await sent).postDataJSON()).toEqual({ name: 'Ben Berg' });
  });

  it('locks an agent out and lets it in again', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.getByRole('button', { name: 'Lock out: roof' }).click();
    await page.getByRole('button', { name: 'Let in again: roof' }).click();
    await page.getByRole('button', { name: 'Lock out: roof' }).waitFor();
  });

  it('records the exchange of a meter with what both showed', async () => {
    await using server = await startFixtureServer();
    await using context = await visitor(browser, 'phone', 'light');
    const page = await openPeople(context, server.url);
    await page.locator('summary', { hasText: 'A meter was exchanged' }).click();
    const form = page.locator('form', { has: page.getByLabel('Serial number of the old meter') });
    await form.getByLabel('Metering points').selectOption({ label: 'Battery' });
    await form.getByLabel('Serial number of the old meter').fill('A-1');
    await form.getByLabel('Serial number of the new meter').fill('B-2');
    await form.getByLabel('Final register of the old meter, kWh').fill('812,5');
    await form.getByLabel('First register of the new meter, kWh').fill('0.25');
    await form.getByLabel('Final register of the old meter, given, kWh').fill('700');
    await form.getByLabel('First register of the new meter, given, kWh').fill('0');
    await form.getByLabel('Why, for the register').fill('Calibration ran out');
    expect(await violations(page)).toEqual([]);
    const sent = page.waitForRequest((request) => request.url().endsWith('/swaps'));
    await form.getByRole('button', { name: 'Record the exchange' }).click();
    expect((await sent).postDataJSON()).toMatchObject({
      ...{ oldSerial: 'A-1', newSerial: 'B-2', reason: 'Calibration ran out' },
      registers: [
        { register: 'importedWh', finalMwh: 812_500_000, firstMwh: 250_000 },
        { register: 'exportedWh', finalMwh: 700_000_000, firstMwh: 0 },
      ],
    });
    await page.getByText('Battery: the exchange is recorded').first().waitFor();
  });
});
