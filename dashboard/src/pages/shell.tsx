/** The frame around every page: navigation by role, the demo's banner, the state of the line. */
import type { ComponentChildren } from 'preact';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { chosenTheme, nextTheme } from '../ui/theme.ts';
import { maySee, ROUTES, routeOf } from './routes.ts';

export function Shell({ children }: { children: ComponentChildren }) {
  const { note } = useApp();
  return (
    <div class="shell">
      <a class="skip" href="#content">
        {text.app.skip}
      </a>
      <Banners />
      <header class="masthead">
        <Brand />
        <div class="tools">
          <ThemeButton />
          <SignOutButton />
        </div>
      </header>
      <main class="main" id="content" tabIndex={-1}>
        {children}
      </main>
      <Navigation />
      <div class="note" role="status">
        {note.value}
      </div>
    </div>
  );
}

function Banners() {
  const { live, format, community } = useApp();
  const { mode, speed } = live.clock.value;
  const now = live.now.value;
  const time = format.time(now);
  const isLost = live.isSilent.value;
  return (
    <>
      {isLost && (
        <div class="banner is-lost" role="alert">
          <Icon name="alarm" size={16} />
          <span>
            <strong>{text.state.offlineTitle}.</strong> {text.state.offlineBody}
          </span>
        </div>
      )}
      {community.isDemo && (
        <div class="banner">
          {mode === 'replaying'
            ? text.demo.replaying(format.dateTime(now))
            : speed === 1
              ? text.demo.real(time)
              : text.demo.banner(time, format.number(speed))}
        </div>
      )}
    </>
  );
}

function Brand() {
  const { community } = useApp();
  return (
    <a class="brand" href="/">
      <img src="/icon.svg" alt="" width="28" height="28" />
      <span>{community.name}</span>
    </a>
  );
}

function Navigation() {
  const { me, router } = useApp();
  const current = routeOf(router.place.value.path)?.name;
  return (
    <nav class="nav" aria-label={text.app.navigation}>
      <Brand />
      <ul>
        {ROUTES.filter((route) => maySee(route, me)).map((route) => (
          <li key={route.name}>
            <a href={route.path} aria-current={current === route.name ? 'page' : undefined}>
              <span class="mark">
                <Icon name={route.icon} size={22} />
              </span>
              {text.nav[route.name]}
            </a>
          </li>
        ))}
      </ul>
      <div class="foot">
        <span class="who">{me?.name}</span>
        <ThemeButton />
        <SignOutButton />
      </div>
    </nav>
  );
}

const THEME_ICONS = { system: 'theme', light: 'sun', dark: 'theme' } as const satisfies Record<string, IconName>;

function ThemeButton() {
  const theme = chosenTheme.value;
  return (
    <button
      type="button"
      class="button is-quiet"
      title={text.theme.change}
      aria-label={`${text.theme.change}: ${text.theme[theme]}`}
      onClick={() => {
        chosenTheme.value = nextTheme(theme);
      }}
    >
      <Icon name={THEME_ICONS[theme]} size={20} />
      <span class="tool-word">{text.theme[theme]}</span>
    </button>
  );
}

function SignOutButton() {
  const { api, refreshMe, router, announce } = useApp();
  const signOut = () => {
    api
      .signOut()
      .then(() => router.go('/'))
      .then(refreshMe)
      .catch((error: Error) => announce(error.message));
  };
  return (
    <button
      type="button"
      class="button is-quiet"
      title={text.nav.signOut}
      aria-label={text.nav.signOut}
      onClick={signOut}
    >
      <Icon name="exit" size={20} />
      <span class="tool-word">{text.nav.signOut}</span>
    </button>
  );
}
