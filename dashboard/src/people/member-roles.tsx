/** What offices a member holds; the server keeps the last admin. */
import type { Member, Role } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';
import { Offices } from './offices.tsx';

export function MemberRoles({ member, onChanged }: { member: Member; onChanged: () => void }) {
  const { api, me, announce } = useApp();
  const [roles, setRoles] = useState<readonly Role[]>(member.roles);
  const { isBusy, error, run } = useAction();
  const loses = me?.member === member.id && !roles.includes('admin');
  const save = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.setRoles(member.id, roles);
      announce(text.membership.saved(member.name));
      onChanged();
    });
  };
  return (
    <form class="stack is-tight" onSubmit={save}>
      <h3>{text.people.roles}</h3>
      <Offices chosen={roles} choose={setRoles} isHeaded />
      {loses && <p class="small">{text.membership.ownAdmin}</p>}
      <Refusal error={error} />
      <div>
        <button type="submit" class="button" disabled={isBusy}>
          {text.membership.saveRoles}
        </button>
      </div>
    </form>
  );
}
