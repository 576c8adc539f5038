/** Photographs every page at three widths, light and dark: `node test/pages/shoot.ts --url URL --out DIR [--logins FILE]`. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { FIXTURE_PASSWORD } from '../../dashboard/dev/fixture-people.ts';
import {
  type Login,
  logIn,
  openBrowser,
  SCHEMES,
  type Scheme,
  VIEWPORTS,
  type ViewportName,
  visitor,
} from './browser.ts';
import { open, PAGES, type PageCheck } from './page-list.ts';

export type Shoot = {
  readonly url: string;
  readonly out: string;
  readonly loginOf: (who: string) => Login;
  readonly only?: string;
};

/** Writes `NAME-WIDTH-SCHEME.png` per page; returns the files. */
export async function shootPages(browser: Browser, shoot: Shoot): Promise<string[]> {
  mkdirSync(shoot.out, { recursive: true });
  const files: string[] = [];
  for (const viewport of Object.keys(VIEWPORTS) as ViewportName[]) {
    for (const scheme of SCHEMES) {
      for (const check of PAGES.filter(({ name }) => shoot.only === undefined || shoot.only.includes(name))) {
        files.push(await shootPage(browser, shoot, { check, viewport, scheme }));
      }
    }
  }
  return files;
}

type Shot = { readonly check: PageCheck; readonly viewport: ViewportName; readonly scheme: Scheme };

async function shootPage(browser: Browser, { url, out, loginOf }: Shoot, shot: Shot): Promise<string> {
  const { check, viewport, scheme } = shot;
  await using context = await visitor(browser, viewport, scheme);
  await logIn(context, url, loginOf(check.who));
  const page = await context.newPage();
  await open(page, url, check);
  const file = join(out, `${check.name}-${VIEWPORTS[viewport].width}-${scheme}.png`);
  await page.screenshot({ path: file, fullPage: true });
  return file;
}

/** A demo's log-ins by the part before the @. */
export function loginsFrom(file: string): (who: string) => Login {
  const { logins } = JSON.parse(readFileSync(file, 'utf8')) as { logins: Login[] };
  return (who) => {
    const found = logins.find(({ email }) => email.startsWith(`${who}@`));
    if (found === undefined) throw new Error(`${file} has no log-in for ${who}`);
    return found;
  };
}

export function fixtureLogin(who: string): Login {
  return { email: `${who}@demo`, password: FIXTURE_PASSWORD };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { url: { type: 'string' }, out: { type: 'string' }, logins: { type: 'string' }, only: { type: 'string' } },
  });
  if (values.url === undefined || values.out === undefined) {
    throw new Error(
      'usage: node test/pages/shoot.ts --url URL --out DIR [--logins demo-logins.json] [--only share,people]',
    );
  }
  const loginOf = values.logins === undefined ? fixtureLogin : loginsFrom(values.logins);
  const only = values.only === undefined ? {} : { only: values.only };
  await using browser = await openBrowser();
  const files = await shootPages(browser, { url: values.url, out: values.out, loginOf, ...only });
  process.stdout.write(`${files.length} photographs in ${values.out}\n`);
}
