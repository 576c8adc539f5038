/** What the page checks run against: the fixture by default, any running server by environment. */

import { startFixtureServer } from '../../dashboard/dev/fixture-server.ts';
import type { Login } from './browser.ts';
import { fixtureLogin, loginsFrom } from './logins.ts';

export type Target = AsyncDisposable & {
  readonly url: string;
  readonly loginOf: (who: string) => Login;
  /** The fixture's world is known: what it must show can be checked to the letter. */
  readonly isFixture: boolean;
};

/** `COMMONWORKS_PAGES_URL` and `COMMONWORKS_PAGES_LOGINS` (a demo-logins.json) choose a running server instead. */
export async function openTarget(env: NodeJS.ProcessEnv): Promise<Target> {
  const url = env['COMMONWORKS_PAGES_URL'];
  const logins = env['COMMONWORKS_PAGES_LOGINS'];
  if (url === undefined || logins === undefined) {
    const server = await startFixtureServer();
    return {
      url: server.url,
      loginOf: fixtureLogin,
      isFixture: true,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  }
  return { url, loginOf: loginsFrom(logins), isFixture: false, [Symbol.asyncDispose]: async () => {} };
}
