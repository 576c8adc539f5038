/** The web app in a real browser: every page by role, at three widths, light and dark; what people do on it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addAxe, violations } from './pages/axe.ts';
import { logIn, openBrowser, type Scheme, type ViewportName, visitor } from './pages/browser.ts';
import { openEverything, widerThanScreen } from './pages/open-everything.ts';
import { open, PAGES, pageNamed, settled } from './pages/page-list.ts';
import { allLooks, inBothSchemes, photograph } from './pages/shoot.ts';
import { openTarget, type Target } from './pages/target.ts';

const OUT = join(import.meta.dirname, 'screenshots-out');
const ASSETS = join(import.meta.dirname, '../dashboard/dist/assets');
const BUDGET_BYTES = 150_000;

let target: Target;
let browser: Browser;
beforeAll(async () => {
  target = await openTarget(process.env);
  browser = await openBrowser();
});
afterAll(async () => {
  await browser.close();
  await target[Symbol.asyncDispose]();
});

/** The page's own name first, then the community's: tabs and screen readers tell pages apart by it. */
const TITLES: Readonly<Record<string, RegExp>> = {
  community: /^Community · \S/,
  share: /^My share · \S/,
  machines: /^Machines · \S/,
  operator: /^Operator · \S/,
  treasury: /^Treasury · \S/,
  people: /^People · \S/,
};

type Visit = { who?: string; viewport?: ViewportName; scheme?: Scheme };

async function visit({ who, viewport = 'phone', scheme = 'light' }: Visit = {}): Promise<BrowserContext> {
  const context = await visitor(browser, viewport, scheme);
  await addAxe(context);
  if (who !== undefined) await logIn(context, target.url, target.loginOf(who));
  return context;
}

/** What the browser complains about: script errors, refused scripts and styles, failed requests. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  return complaints;
}

const PEOPLE = ['anna', 'olga', 'theo', 'ada'] as const;
/** The page of an office is not for everybody: then its address says so. */
const FOR_EVERYBODY = ['community', 'share', 'machines'];

describe('on a phone', () => {
  const visits = PEOPLE.flatMap((who) =>
    PAGES.filter((check) => check.who === who || FOR_EVERYBODY.includes(check.name)).map((check) => ({ who, check })),
  );
  it.each(visits.map((one) => ({ ...one, title: `${one.check.name} of ${one.who}` })))(
    '$title: nothing is wider than the screen, with every panel open',
    async ({ who, check }) => {
      await using context = await visit({ who });
      const page = await context.newPage();
      const arrived = check.who === who ? check.arrived : 'main .page, main .empty';
      await open(page, target.url, { ...check, arrived });
      expect(await widerThanScreen(page)).toEqual([]);
      const opened = await openEverything(page);
      expect(await widerThanScreen(page)).toEqual([]);
      // Offices have forms; a page on which nothing opens would not be tried.
      if (check.who === who && check.name !== 'community') expect(opened).toBeGreaterThan(0);
      await page.screenshot({ path: join(OUT, `${check.name}-${who}-open.png`), fullPage: true });
    },
  );
});

describe('every page', () => {
  it.each(allLooks().map((look) => ({ ...look, title: `${look.check.name}, ${look.viewport}` })))(
    '$title: arrives without complaint, fits its width, is accessible light and dark, and is photographed',
    async (look) => {
      await using context = await visit({ who: look.check.who, viewport: look.viewport });
      const page = await context.newPage();
      const complaints = complaintsOf(page);
      await open(page, target.url, look.check);
      expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBeLessThanOrEqual(0);
      expect(await page.title()).toMatch(TITLES[look.check.name] ?? /never/);
      await inBothSchemes(page, async (scheme) => {
        expect(await violations(page)).toEqual([]);
        await photograph(page, { ...look, scheme, out: OUT });
      });
      expect(complaints).toEqual([]);
    },
  );
});

describe('who sees what', () => {
  it.each([
    ['anna', ['Community', 'My share', 'Machines']],
    ['olga', ['Community', 'My share', 'Machines', 'Operator']],
    ['theo', ['Community', 'My share', 'Machines', 'Treasury']],
    ['ada', ['Community', 'My share', 'Machines', 'Operator', 'Treasury', 'People']],
  ])('%s has the pages of the role and no others', async (who, names) => {
    await using context = await visit({ who });
    const page = await context.newPage();
    await page.goto(target.url);
    await page.locator('.nav li').first().waitFor();
    expect((await page.locator('.nav li').allInnerTexts()).map((name) => name.trim())).toEqual(names);
  });

  it('a member who opens the page of another role is told so', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await page.goto(`${target.url}/people`);
    await page.getByRole('heading', { name: 'This page is not for your role' }).waitFor();
    expect(await page.title()).toMatch(/^This page is not for your role · /);
    expect(await violations(page)).toEqual([]);
  });
});

describe('logging in', () => {
  it('refuses a wrong password and lets the right one in, with the keyboard alone', async () => {
    await using context = await visit();
    const page = await context.newPage();
    await page.goto(target.url);
    await page.getByLabel('E-mail').focus();
    const { email, password } = target.loginOf('anna');
    await page.keyboard.type(email);
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await page.keyboard.press('Enter');
    await page.getByText('E-mail or password is not right.').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Password').fill(password);
    await page.keyboard.press('Enter');
    await page.locator('.flow-hub').waitFor();
    await page.getByRole('button', { name: 'Sign out' }).first().click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  it('tells somebody with half a link what is wrong with it', async () => {
    await using context = await visit();
    const page = await context.newPage();
    await page.goto(`${target.url}/invite`);
    await page.getByText('This link is not complete').waitFor();
    expect(await violations(page)).toEqual([]);
  });
});

describe('the community page', () => {
  it('answers in one sentence and tells the picture in words', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('community'));
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/\d+\s%|grid|figures|meter/);
    expect(await page.locator('.flow .only-read').textContent()).toMatch(/Energy flow now\..*Sun.*Homes/);
  });

  it('opens every node of the picture to its details', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('community'));
    for (const name of ['Sun', 'Battery', 'Grid', 'Homes', 'Workshop']) {
      await page.locator('.flow-node', { hasText: name }).click();
      await page.getByRole('region', { name: `${name} in detail` }).waitFor();
    }
    expect(await violations(page)).toEqual([]);
  });

  it('stands still where motion is unwanted', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('community'));
    const moving = page.locator('.flow-band .dots');
    for (const dots of await moving.all()) expect(await dots.isVisible()).toBe(false);
  });

  it('says since when its figures are old when the line is cut', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await page.clock.install();
    await page.route('**/api/v1/events', (route) => route.abort());
    await open(page, target.url, pageNamed('community'));
    await page.getByText(/^Live/).first().waitFor();
    await page.clock.fastForward(30_000);
    await page.getByRole('alert').getByText('No connection to the community server').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/No fresh figures since/);
    expect(await violations(page)).toEqual([]);
  });
});

describe('my statement', () => {
  it('leads from the amount to the registers of a quarter hour', async () => {
    await using context = await visit({ who: 'anna', viewport: 'desk' });
    const page = await context.newPage();
    const complaints = complaintsOf(page);
    await open(page, target.url, pageNamed('share'));
    await page.locator('.link-row', { hasText: 'Settled' }).first().click();
    await page.locator('.line-row').first().click();
    await page.locator('.month-days button').nth(9).click();
    await page.locator('.pick').nth(50).click();
    const why = page.getByRole('heading', { name: /^Why this number/ });
    await why.waitFor();
    expect(await page.locator('.why').textContent()).toMatch(/kWh/);
    await settled(page);
    expect(await violations(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('prints its ledger head and leaves the buttons off the paper', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('share'));
    await page.locator('.link-row', { hasText: 'Settled' }).first().click();
    await page.locator('.fingerprint').first().waitFor();
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('.nav').isVisible()).toBe(false);
    expect(await page.getByRole('button', { name: 'Print' }).isVisible()).toBe(false);
    expect(await page.locator('.fingerprint .mono').first().textContent()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a machine', () => {
  it('is booked in three taps, shows the booking, and lets it be cancelled', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('machines'));
    const before = await page.locator('.booking-row').count();
    await page.getByRole('button', { name: 'Book', exact: true }).last().click();
    await page.locator('.day-strip button').nth(12).click();
    await page.locator('.slots button:enabled').nth(3).click();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: /^Book \w+, / }).click();
    await page.getByText(/^Booked: /).waitFor();
    await expect.poll(() => page.locator('.booking-row').count()).toBe(before + 1);
    await page
      .getByRole('button', { name: /^Cancel booking/ })
      .last()
      .click();
    await page.getByText('Booking cancelled.').waitFor();
    await expect.poll(() => page.locator('.booking-row').count()).toBe(before);
  });

  it('leaves a session behind, with its spans and their evidence, that fits the page', async () => {
    await using context = await visit({ who: 'ben' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('machines'));
    await page.locator('.line-row').first().click();
    await page.getByRole('columnheader', { name: 'Evidence' }).first().waitFor();
    expect(await page.locator('.line-row .amount').first().isVisible()).toBe(true);
    expect(
      await page.locator('.card').evaluateAll((cards) => cards.filter((card) => card.scrollWidth > card.clientWidth)),
    ).toEqual([]);
    expect(await violations(page)).toEqual([]);
  });

  it('that somebody else took meanwhile is refused with what to do', async () => {
    await using context = await visit({ who: 'anna' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('machines'));
    await page.getByRole('button', { name: 'Book', exact: true }).last().click();
    await page.locator('.day-strip button').nth(11).click();
    await page.locator('.slots button:enabled').nth(5).click();
    await page.route('**/api/v1/bookings', async (route) => {
      await route.fetch();
      await route.fulfill({ response: await route.fetch() });
    });
    await page.getByRole('button', { name: /^Book \w+, / }).click();
    await page.locator('.booking-confirm [role=alert]').waitFor();
    expect(await page.locator('.booking-confirm [role=alert]').textContent()).toMatch(/workshop\./);
  });
});

describe('an operator', () => {
  it('sends a command and watches it become confirmed', async () => {
    await using context = await visit({ who: 'olga', viewport: 'desk' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('operator'));
    await page.getByLabel('Why (others read this)').fill('Checking the limit');
    await page.getByRole('button', { name: 'Send command' }).click();
    await page.locator('.life').getByText('Requested').first().waitFor();
    await page.locator('.life .is-final').first().waitFor({ timeout: 60_000 });
    expect(await violations(page)).toEqual([]);
  });
});

describe('an admin', () => {
  it('makes a link and can hand it over', async () => {
    await using context = await visit({ who: 'ada' });
    const page = await context.newPage();
    await open(page, target.url, pageNamed('people'));
    await page
      .getByRole('button', { name: /^Make (invite|reset) link/ })
      .last()
      .click();
    await page.locator('.link-out').waitFor();
    expect(await page.locator('.link-out .mono').textContent()).toMatch(/\/(invite|reset)\?token=\S+/);
    expect(await violations(page)).toEqual([]);
  });
});

it('needs less than 150 kB of script for its first page', () => {
  const scripts = readdirSync(ASSETS).filter((file) => file.endsWith('.js'));
  const bytes = scripts.reduce((sum, file) => sum + gzipSync(readFileSync(join(ASSETS, file))).length, 0);
  process.stdout.write(`script for the first page: ${(bytes / 1000).toFixed(1)} kB gzipped\n`);
  expect(bytes).toBeGreaterThan(0);
  expect(bytes).toBeLessThan(BUDGET_BYTES);
});
