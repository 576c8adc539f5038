/** Whose log-ins the checks use: the fixture's, or a demo's from its file. */
import { readFileSync } from 'node:fs';
import { FIXTURE_PASSWORD } from '../../dashboard/dev/fixture-people.ts';
import type { Login } from './browser.ts';

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
