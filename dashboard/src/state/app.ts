/** What every page receives: the API, the live store, who is logged in, how to print, where to go. */
import type { Community, Me, Role } from '@commonworks/core/api/index.ts';
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Api } from '../api/api.ts';
import type { Format } from '../format/format.ts';
import type { LiveStore } from '../live/live-store.ts';
import type { Router } from './router.ts';

export type App = {
  readonly api: Api;
  readonly router: Router;
  readonly format: Format;
  readonly community: Community;
  readonly live: LiveStore;
  /** Null until logged in. */
  readonly me: Me | null;
  /** Asks the server again who is logged in, after a log-in or log-out. */
  readonly refreshMe: () => Promise<void>;
  /** Says something once to everybody: a short note on screen, read out politely. */
  readonly announce: (message: string) => void;
  readonly note: ReadonlySignal<string>;
};

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (app === null) throw new Error('invariant broken: a page is rendered inside the app');
  return app;
}

export function hasRole(me: Me | null, ...roles: readonly Role[]): boolean {
  return me?.roles.some((role) => roles.includes(role)) ?? false;
}
