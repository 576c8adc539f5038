/** From nothing to a page: the community, then who is logged in, then the live line. */
import type { Community, Me } from '@commonworks/core/api/index.ts';
import { signal } from '@preact/signals';
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { API_BASE, type Api } from './api/api.ts';
import { isUnauthorised } from './api/http.ts';
import { createFormat } from './format/format.ts';
import { type EventStream, keepConnected } from './live/connection.ts';
import { createLiveStore, type LiveStore } from './live/live-store.ts';
import { Pages } from './pages/pages.tsx';
import { type App, AppContext } from './state/app.ts';
import type { Router } from './state/router.ts';
import { useResource } from './state/use-resource.ts';
import { Failure, Skeleton } from './ui/states.tsx';

/** The outside of the app, so that its inside needs no global. */
export type World = {
  readonly openStream: (url: string) => EventStream;
  readonly tickMs: () => number;
  readonly later: (task: () => void, delayMs: number) => () => void;
  readonly every: (task: () => void) => () => void;
};
type RootProps = { readonly api: Api; readonly router: Router; readonly world: World };

const NOTE_MS = 6_000;

export function Root({ api, router, world }: RootProps) {
  const community = useResource((signal) => api.community({ signal }), []);
  if (community.data === undefined) {
    return (
      <div class="lone">
        {community.error === undefined ? <Skeleton /> : <Failure error={community.error} retry={community.reload} />}
      </div>
    );
  }
  return <Inside api={api} router={router} world={world} community={community.data} />;
}

function Inside({ api, router, world, community }: RootProps & { community: Community }) {
  const [me, setMe] = useState<Me | null | undefined>(undefined);
  const live = useMemo(() => createLiveStore(community.clock, world.tickMs), [community]);
  const format = useMemo(() => createFormat(community), [community]);
  const note = useMemo(() => signal(''), []);
  const announce = useCallback((message: string) => {
    note.value = message;
    world.later(() => {
      if (note.value === message) note.value = '';
    }, NOTE_MS);
  }, []);
  const refreshMe = useCallback(async () => {
    try {
      setMe(await api.me());
    } catch (error) {
      if (!isUnauthorised(error)) throw error;
      setMe(null);
    }
  }, []);
  const first = useResource(refreshMe, []);
  useLive(live, world, me ?? null);
  useEffect(() => {
    document.documentElement.lang = 'en';
  }, []);

  if (me === undefined) {
    return (
      <div class="lone">
        {first.error === undefined ? <Skeleton /> : <Failure error={first.error} retry={first.reload} />}
      </div>
    );
  }
  const app: App = { api, router, format, community, live, me, refreshMe, announce, note };
  return (
    <AppContext.Provider value={app}>
      <Pages />
    </AppContext.Provider>
  );
}

/** The live line is open while somebody is logged in, and opened anew for somebody else. */
function useLive(live: LiveStore, world: World, me: Me | null): void {
  const user = me?.user;
  useEffect(() => {
    if (user === undefined) return;
    const controller = new AbortController();
    const stopBeat = world.every(() => live.beat());
    keepConnected(
      `${API_BASE}/events`,
      { open: world.openStream, onEvent: live.onEvent, onState: live.onState, later: world.later },
      controller.signal,
    );
    return () => {
      stopBeat();
      controller.abort();
    };
  }, [live, user]);
}
