/** A new member: name, e-mail, shares, roles; the answer is a link to hand over. */
import type { Role } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import type { LinkOut } from './link-panel.tsx';
import { Offices } from './offices.tsx';

export function AddMember({ onAdded }: { onAdded: (link: LinkOut) => void }) {
  const { api } = useApp();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [shares, setShares] = useState('0');
  const [offices, setOffices] = useState<readonly Role[]>([]);
  const { isBusy, error, run } = useAction();
  const add = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const who = { name: name.trim(), email: email.trim() };
      const roles: Role[] = ['member', ...offices];
      const { url, expiresMs } = await api.addMember({ ...who, roles, shares: Number(shares) });
      onAdded({ name: who.name, url, expiresMs });
      setName('');
      setEmail('');
      setOffices([]);
    });
  };
  return (
    <form class="card" onSubmit={add}>
      <h2>{text.people.add}</h2>
      <TextField label={text.people.name} value={name} change={setName} input={{ maxLength: 120 }} />
      <TextField label={text.people.email} value={email} change={setEmail} input={{ type: 'email' }} />
      <TextField
        label={text.people.shares}
        value={shares}
        change={setShares}
        input={{ type: 'number', min: 0, max: 1_000_000, step: 1 }}
      />
      <Offices chosen={offices} choose={setOffices} />
      <Refusal error={error} />
      <button type="submit" class="button is-main is-large" disabled={isBusy}>
        {isBusy ? text.people.adding : text.people.add}
      </button>
    </form>
  );
}
