/** Where we are: the address bar as a signal, and links that do not reload. */
import { type ReadonlySignal, signal } from '@preact/signals';

export type Place = { readonly path: string; readonly query: URLSearchParams };
export type Router = {
  readonly place: ReadonlySignal<Place>;
  readonly go: (href: string) => void;
};

export function createRouter(target: Window): Router {
  const read = (): Place => ({ path: target.location.pathname, query: new URLSearchParams(target.location.search) });
  const place = signal<Place>(read());
  const go = (href: string) => {
    target.history.pushState(null, '', href);
    place.value = read();
    target.scrollTo(0, 0);
  };
  target.addEventListener('popstate', () => {
    place.value = read();
  });
  target.document.addEventListener('click', (event) => {
    const href = ownHref(event, target.location.origin);
    if (href === null) return;
    event.preventDefault();
    go(href);
  });
  return { place, go };
}

/** The address of a plain left click on a link into this app; null leaves the click to the browser. */
function ownHref(event: MouseEvent, origin: string): string | null {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return null;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (link === null || link.target !== '' || link.hasAttribute('download')) return null;
  const url = new URL(link.href, origin);
  if (url.origin !== origin || url.pathname.startsWith('/api/')) return null;
  if (url.hash !== '' && url.pathname === new URL(document.URL).pathname) return null;
  return url.pathname + url.search;
}
