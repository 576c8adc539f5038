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
  /** As it was when these fields were filled: what nobody edited here is not sent, and stays as others changed it. */
  const [known, setKnown] = useState(member);
  const [name, setName] = useState(member.name);
  const [email, setEmail] = useState(member.email ?? '');
  const { isBusy, error, run } = useAction();
  const save = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const typed = { name: name.trim(), email: email.trim() };
      const change = {
        ...(typed.name !== known.name && { name: typed.name }),
        ...(typed.email !== (known.email ?? '') && { email: typed.email }),
      };
      if (Object.keys(change).length === 0) return;
      setKnown(await api.changeMember(member.id, change));
      announce(text.membership.saved(typed.name));
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
