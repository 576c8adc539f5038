/** The way to anybody's statements, also of those who have left. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { statementsPath } from '../pages/routes.ts';
import { text } from '../text/text.ts';
import { Choice } from '../ui/field.tsx';

export function MembersStatements({ members }: { members: readonly Member[] }) {
  const [picked, setPicked] = useState('');
  const byName = members.toSorted(
    (a, b) => Number(a.leftMs !== null) - Number(b.leftMs !== null) || a.name.localeCompare(b.name),
  );
  const member = byName.find(({ id }) => id === picked) ?? byName[0];
  if (member === undefined) return null;
  return (
    <section class="card">
      <h2>{text.treasury.statements}</h2>
      <Choice
        label={text.treasury.member}
        value={member.id}
        options={byName.map(({ id, name, leftMs }) => [id, leftMs === null ? name : text.treasury.former(name)])}
        choose={setPicked}
      />
      <a class="button" href={statementsPath(member.id)}>
        {text.treasury.openStatements}
      </a>
    </section>
  );
}
