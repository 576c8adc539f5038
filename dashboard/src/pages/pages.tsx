/** Chooses the page for the address and the person. */
import { useEffect } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Plain } from '../ui/states.tsx';
import { AcceptPage } from './accept-page.tsx';
import { CommunityPage } from './community-page.tsx';
import { MachinesPage } from './machines-page.tsx';
import { MemberStatementsPage } from './member-statements-page.tsx';
import { OperatorPage } from './operator-page.tsx';
import { pageTitle } from './page-title.ts';
import { PeoplePage } from './people-page.tsx';
import { acceptKind, maySee, memberOfPath, type PageName, routeOf, statementMonth } from './routes.ts';
import { SharePage } from './share-page.tsx';
import { Shell } from './shell.tsx';
import { SignInPage } from './sign-in-page.tsx';
import { StatementPage } from './statement-page.tsx';
import { TreasuryPage } from './treasury-page.tsx';

export function Pages() {
  const app = useApp();
  const { me, router } = app;
  const { path } = router.place.value;
  const title = pageTitle(path, app);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const kind = acceptKind(path);
  if (kind !== undefined) return <AcceptPage key={kind} kind={kind} />;
  if (me === null) return <SignInPage />;
  return (
    <Shell>
      <Content path={path} />
    </Shell>
  );
}

function Content({ path }: { path: string }) {
  const { me } = useApp();
  const route = routeOf(path);
  if (route === undefined) return <Lost title={text.state.notFoundTitle} body={text.state.notFoundBody} />;
  if (!maySee(route, me)) return <Lost title={text.state.forbiddenTitle} body={text.state.forbiddenBody} />;
  const month = statementMonth(path);
  if (month !== null) return <StatementPage key={month} month={month} />;
  const of = memberOfPath(path);
  if (of !== null && of.month === null) return <MemberStatementsPage key={of.member} member={of.member} />;
  if (of?.month != null) return <StatementPage key={path} month={of.month} member={of.member} />;
  if (path !== route.path) return <Lost title={text.state.notFoundTitle} body={text.state.notFoundBody} />;
  return <Page name={route.name} />;
}

function Page({ name }: { name: PageName }) {
  switch (name) {
    case 'community':
      return <CommunityPage />;
    case 'share':
      return <SharePage />;
    case 'machines':
      return <MachinesPage />;
    case 'operator':
      return <OperatorPage />;
    case 'treasury':
      return <TreasuryPage />;
    case 'people':
      return <PeoplePage />;
    default:
      return name satisfies never;
  }
}

function Lost({ title, body }: { title: string; body: string }) {
  return (
    <Plain title={title} body={body}>
      <a class="button" href="/">
        {text.state.home}
      </a>
    </Plain>
  );
}
