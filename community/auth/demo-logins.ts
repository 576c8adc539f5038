/** Log-ins of a demo: made from the file that `npm start` wrote; a real site refuses them. */
import { existsSync, readFileSync } from 'node:fs';
import { CodedError } from '@commonworks/core';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import type { LogIn } from './log-in.ts';

const DemoLogins = Type.Object({
  logins: Type.Array(Type.Object({ name: Type.String(), email: Type.String(), password: Type.String() }), {
    maxItems: 100,
  }),
});

export function isDemoEmail(email: string): boolean {
  return email.trim().toLowerCase().endsWith('@demo');
}

/** @throws CodedError `auth.demo-refused` for the log-in of a demo on a real site. */
export function refuseDemoEmail(email: string, isDemo: boolean): void {
  if (!isDemo && isDemoEmail(email)) {
    throw new CodedError('auth.demo-refused', `${email} is a demo log-in and this is a real site`);
  }
}

/** @throws CodedError `auth.demo-refused` when a real site's folder holds demo log-ins. */
export function refuseDemoFile(file: string, isDemo: boolean): void {
  if (!isDemo && existsSync(file)) throw new CodedError('auth.demo-refused', `${file} belongs to a demo`);
}

/** Members by e-mail address who have no log-in yet get the one of the file. Returns how many were made. */
export async function makeDemoLogins(
  file: string,
  logIn: LogIn,
  memberOf: ReadonlyMap<string, string>,
): Promise<number> {
  if (!existsSync(file)) return 0;
  const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!Value.Check(DemoLogins, content)) return 0;
  const known = logIn.members();
  let made = 0;
  for (const { name, email, password } of content.logins) {
    const member = memberOf.get(email.toLowerCase());
    if (member === undefined || known.has(member)) continue;
    await logIn.create({ member, name, email, password: await logIn.hashPassword(password) });
    made++;
  }
  return made;
}
