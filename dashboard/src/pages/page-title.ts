/** What the browser's tab and a screen reader call a page: its own name first, then the community's (WCAG 2.4.2). */
import type { Format } from '../format/format.ts';
import type { App } from '../state/app.ts';
import { text } from '../text/text.ts';
import { acceptKind, maySee, memberOfPath, routeOf, statementMonth } from './routes.ts';

export function pageTitle(path: string, { me, format, community }: Pick<App, 'me' | 'format' | 'community'>): string {
  return `${nameOf(path, { me, format })} · ${community.name}`;
}

function nameOf(path: string, { me, format }: { me: App['me']; format: Format }): string {
  const kind = acceptKind(path);
  if (kind !== undefined) return text.accept[kind];
  if (me === null) return text.signIn.title;
  const route = routeOf(path);
  if (route === undefined) return text.state.notFoundTitle;
  if (!maySee(route, me)) return text.state.forbiddenTitle;
  const month = statementMonth(path) ?? memberOfPath(path)?.month ?? null;
  if (month !== null) return text.statement.title(format.month(month));
  if (memberOfPath(path) !== null) return text.treasury.statementsShort;
  return path === route.path ? text.nav[route.name] : text.state.notFoundTitle;
}
