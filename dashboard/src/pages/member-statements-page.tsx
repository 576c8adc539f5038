/** For treasurers and admins: the statements of one member, who may have left. */
import { StatementList } from '../share/statement-list.tsx';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Loaded } from '../ui/states.tsx';
import { statementsPath } from './routes.ts';

export function MemberStatementsPage({ member }: { member: string }) {
  const { api } = useApp();
  const members = useResource((signal) => api.members({ signal }), []);
  const statements = useResource((signal) => api.statements(member, { signal }), [member]);
  const name = members.data?.find(({ id }) => id === member)?.name;
  return (
    <Loaded resource={statements}>
      {(list) => (
        <div class="page">
          <a class="row small" href="/treasury">
            <Icon name="back" size={16} />
            {text.treasury.title}
          </a>
          {name !== undefined && <Answer sentence={text.treasury.statementsOf(name)} mark={name} />}
          <section class="card">
            <h2>{text.treasury.statementsShort}</h2>
            <StatementList list={list} base={statementsPath(member)} />
          </section>
        </div>
      )}
    </Loaded>
  );
}
