/** Debian's Chromium through Playwright, and what every page check needs of it. */
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium } from 'playwright-core';

export const VIEWPORTS = {
  phone: { width: 390, height: 844 },
  tablet: { width: 800, height: 1280 },
  desk: { width: 1280, height: 900 },
} as const;
export type ViewportName = keyof typeof VIEWPORTS;
export const VIEWPORT_NAMES = ['phone', 'tablet', 'desk'] as const satisfies ViewportName[];
export const SCHEMES = ['light', 'dark'] as const;
export type Scheme = (typeof SCHEMES)[number];
export type Login = { readonly email: string; readonly password: string };

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;
/** Nothing leaves this machine: no updates, no fonts, no telemetry. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function openBrowser(): Promise<Browser> {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('no Chromium found: install it with `apt-get install chromium`');
  return chromium.launch({ executablePath, args: FLAGS });
}

export type VisitorOptions = { readonly motion?: 'reduce' | 'no-preference' };

/** A fresh visitor; reduced motion, so that two photographs of the same state are the same. */
export function visitor(browser: Browser, viewport: ViewportName, scheme: Scheme): Promise<BrowserContext> {
  return browser.newContext({
    viewport: VIEWPORTS[viewport],
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    deviceScaleFactor: viewport === 'phone' ? 2 : 1,
  });
}

/** Logs in through the API, so that checks of pages do not repeat the check of the log-in page. */
export async function logIn(context: BrowserContext, url: string, login: Login): Promise<void> {
  const answer = await context.request.post(`${url}/api/auth/sign-in/email`, {
    data: { email: login.email, password: login.password },
    headers: { origin: url },
  });
  if (!answer.ok())
    throw new Error(`${login.email} cannot log in at ${url}: ${answer.status()} ${await answer.text()}`);
}
