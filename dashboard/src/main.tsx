/** Starts the web app: real network, real clock, real page. */
import { render } from 'preact';
import { createApi } from './api/api.ts';
import { Root } from './root.tsx';
import { createRouter } from './state/router.ts';
import { applyTheme } from './ui/theme.ts';
import './styles/index.css';

const BEAT_MS = 5_000;

const place = document.getElementById('app');
if (place !== null) {
  applyTheme();
  const api = createApi((input, init) => fetch(input, init));
  const router = createRouter(window);
  const world = {
    openStream: (url: string) => new EventSource(url),
    tickMs: () => performance.now(),
    later: (task: () => void, delayMs: number) => {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
    every: (task: () => void) => {
      const timer = setInterval(task, BEAT_MS);
      return () => clearInterval(timer);
    },
  };
  render(<Root api={api} router={router} world={world} />, place);
}
