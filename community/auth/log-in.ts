/** Log-in by e-mail and password: better-auth on a database file of its own; a user's id is the member's id. */
import { DatabaseSync } from 'node:sqlite';
import { type Clock, CodedError } from '@commonworks/core';
import { betterAuth } from 'better-auth';
import { getMigrations } from 'better-auth/db/migration';
import { createLinkStore, LINK_SCHEMA, type LinkStore } from './link-store.ts';

export const PASSWORD_LENGTH = { min: 10, max: 128 } as const;
/** Two weeks of not coming back end a session; while used it is prolonged. */
const SESSION_S = 14 * 86_400;
/** How long a signed cookie stands for the database: a revoked session ends within this time. */
const COOKIE_CACHE_S = 60;
const SCHEMA_VERSION = 1;

export type LogInOptions = {
  /** Path of auth.db, or `:memory:`. */
  readonly file: string;
  readonly secret: string;
  /** What members type; decides whether cookies are `Secure`. */
  readonly publicUrl: string;
  /** Keeps apart the cookies of two communities on one host name. */
  readonly cookiePrefix: string;
  /** Real time. */
  readonly now: Clock;
  readonly log: (level: 'warn' | 'error', message: string) => void;
};

/** Hashing takes its time, and nothing may change meanwhile: so it is done before, outside any transaction. */
export type HashedPassword = { readonly hashed: string };

export type NewLogin = {
  readonly member: string;
  readonly name: string;
  readonly email: string;
  readonly password: HashedPassword;
};

export type LogInSession = { readonly member: string; readonly setCookies: readonly string[] };

/**
 * better-auth wants a dot in the domain; a cellar without internet may do without (`anna@demo`). The suffix is
 * reserved by RFC 2606, never leaves this file, and is not shown to anybody.
 */
export function loginEmail(email: string): string {
  const lower = email.trim().toLowerCase();
  return /@[^.]*$/.test(lower) ? `${lower}.invalid` : lower;
}

/** @throws CodedError `auth.password-weak`. */
function checkPassword(password: string): void {
  if (password.length < PASSWORD_LENGTH.min || password.length > PASSWORD_LENGTH.max) {
    throw new CodedError(
      'auth.password-weak',
      `a password has ${PASSWORD_LENGTH.min} to ${PASSWORD_LENGTH.max} characters`,
    );
  }
}

/** @throws CodedError `community.database-unusable`, `community.schema-newer`. */
export async function openLogIn(options: LogInOptions) {
  const raw = openFile(options.file);
  const auth = betterAuth(authOptions(raw, options));
  const { internalAdapter, password } = await auth.$context;
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  const links: LinkStore = createLinkStore(raw, options.now);
  /** What they log in with (see `loginEmail`), by the id of the member. */
  const addresses = () => {
    const rows = raw.prepare('SELECT id, email FROM user').all();
    return new Map(rows.map((row) => [String(row['id']), String(row['email'])]));
  };

  return {
    links,
    /** Lets better-auth answer one of its own routes; the caller has checked host and origin. */
    handle: (request: Request): Promise<Response> => auth.handler(request),
    /** Who the cookies say is here, and cookies to renew; null for nobody. */
    async session(cookie: string | undefined): Promise<LogInSession | null> {
      if (cookie === undefined) return null;
      const { headers, response } = await auth.api.getSession({
        headers: new Headers({ cookie }),
        returnHeaders: true,
      });
      return response === null ? null : { member: response.user.id, setCookies: headers.getSetCookie() };
    },
    ...accounts({ internalAdapter, hash: password.hash }, links),
    /** Ids of the members who can log in. */
    members: () => new Set(addresses().keys()),
    addresses,
    close(): void {
      raw.close();
    },
  };
}

type AccountParts = {
  readonly internalAdapter: Awaited<ReturnType<typeof betterAuth>['$context']>['internalAdapter'];
  readonly hash: (password: string) => Promise<string>;
};

/** The log-ins themselves: made, changed, removed. */
function accounts({ internalAdapter, hash }: AccountParts, links: LinkStore) {
  return {
    /** @throws CodedError `auth.password-weak`. */
    async hashPassword(password: string): Promise<HashedPassword> {
      checkPassword(password);
      return { hashed: await hash(password) };
    },
    /** @throws CodedError `auth.email-taken`. */
    async create(login: NewLogin): Promise<void> {
      const email = loginEmail(login.email);
      if ((await internalAdapter.findUserByEmail(email)) !== null) {
        throw new CodedError('auth.email-taken', `${login.email} is in use`);
      }
      const { hashed } = login.password;
      await internalAdapter.createUser(
        { id: login.member, name: login.name, email, emailVerified: true },
        { method: 'email-password' },
      );
      const account = { userId: login.member, accountId: login.member, providerId: 'credential', password: hashed };
      await internalAdapter.linkAccount(account);
    },
    /** Ends every session of that member. */
    async setPassword(member: string, { hashed }: HashedPassword): Promise<void> {
      await internalAdapter.updatePassword(member, hashed);
      await internalAdapter.deleteUserSessions(member);
    },
    /** The log-in keeps its password and sessions. @throws CodedError `auth.email-taken`. */
    async change(member: string, { name, email }: Pick<NewLogin, 'name' | 'email'>): Promise<void> {
      const address = loginEmail(email);
      const holder = await internalAdapter.findUserByEmail(address);
      if (holder !== null && holder.user.id !== member) {
        throw new CodedError('auth.email-taken', `${email} is in use`);
      }
      await internalAdapter.updateUser(member, { name, email: address });
    },
    /** Password, sessions and links not used yet end; nothing happens when there is no log-in. */
    async remove(member: string): Promise<void> {
      links.revoke(member);
      await internalAdapter.deleteUser(member);
    },
  };
}

export type LogIn = Awaited<ReturnType<typeof openLogIn>>;

function authOptions(raw: DatabaseSync, options: LogInOptions) {
  return {
    database: raw,
    secret: options.secret,
    baseURL: options.publicUrl,
    basePath: '/api/auth',
    emailAndPassword: {
      enabled: true,
      disableSignUp: true,
      minPasswordLength: PASSWORD_LENGTH.min,
      maxPasswordLength: PASSWORD_LENGTH.max,
    },
    session: { expiresIn: SESSION_S, cookieCache: { enabled: true, maxAge: COOKIE_CACHE_S } },
    advanced: {
      cookiePrefix: options.cookiePrefix,
      useSecureCookies: options.publicUrl.startsWith('https:'),
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax' as const },
      disableCSRFCheck: false,
    },
    // The server's own limit stands before every log-in route (community/http/rate-limits.ts).
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: {
      level: 'error' as const,
      log: (level: string, message: string) => options.log(level === 'error' ? 'error' : 'warn', message),
    },
  };
}

function openFile(file: string): DatabaseSync {
  let raw: DatabaseSync | undefined;
  try {
    raw = new DatabaseSync(file, { timeout: 5000, enableForeignKeyConstraints: true });
    raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    const version = Number(raw.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version > SCHEMA_VERSION) {
      throw new CodedError(
        'community.schema-newer',
        `${file} is at version ${version}, this program knows ${SCHEMA_VERSION}`,
      );
    }
    raw.exec(`${LINK_SCHEMA}; PRAGMA user_version = ${SCHEMA_VERSION}`);
    return raw;
  } catch (cause) {
    raw?.close();
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('community.database-unusable', `cannot open ${file}: ${String(cause)}`, { cause });
  }
}
