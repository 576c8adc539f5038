/** A member's name and e-mail address. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';

export function MemberContact({ member, onChanged }: { member: Member; onChanged: () => void }) {
  const { api, announce } = useApp();
  const [name, setName] = useState(member.name);
  const [email, setEmail] = useState(member.email ?? '');
  const { isBusy, error, run } = useAction();
  const save = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const address = email.trim();
      await api.changeMember(member.id, { name: name.trim(), ...(address === '' ? {} : { email: address }) });
      announce(text.membership.saved(name.trim()));
      onChanged();
    });
  };
  return (
    <form class="stack is-tight" onSubmit={save}>
      <h3>{text.membership.contact}</h3>
      <TextField label={text.people.name} value={name} change={setName} input={{ maxLength: 120 }} />
      <TextField
        label={text.people.email}
        value={email}
        change={setEmail}
        input={{ type: 'email', required: member.email !== null }}
      />
      <p class="small soft">{text.membership.emailHelp}</p>
      <Refusal error={error} />
      <div>
        <button type="submit" class="button" disabled={isBusy}>
          {text.membership.save}
        </button>
      </div>
    </form>
  );
}
