/** A new member: name, e-mail, shares, roles; the answer is a link to hand over. */
import type { Role } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Field } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import type { LinkOut } from './link-panel.tsx';

const OFFICES = ['operator', 'treasurer', 'admin'] as const satisfies Role[];

export function AddMember({ onAdded }: { onAdded: (link: LinkOut) => void }) {
  const { api } = useApp();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [shares, setShares] = useState('1');
  const [offices, setOffices] = useState<readonly Role[]>([]);
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const add = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const roles: Role[] = ['member', ...offices];
      const { url, expiresMs } = await api.addMember({
        name: name.trim(),
        email: email.trim(),
        roles,
        shares: Number(shares),
      });
      onAdded({ name: name.trim(), url, expiresMs });
      setName('');
      setEmail('');
      setOffices([]);
    } catch (cause) {
      setError(toApiError(cause));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form class="card" onSubmit={add}>
      <h2>{text.people.add}</h2>
      <Field label={text.people.name}>
        {(id) => (
          <input
            id={id}
            required
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={text.people.email}>
        {(id) => (
          <input id={id} type="email" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
        )}
      </Field>
      <Field label={text.people.shares}>
        {(id) => (
          <input
            id={id}
            type="number"
            min="0"
            max="1000000"
            step="1"
            required
            value={shares}
            onInput={(event) => setShares(event.currentTarget.value)}
          />
        )}
      </Field>
      <Offices chosen={offices} choose={setOffices} />
      <Refusal error={error} />
      <button type="submit" class="button is-main is-large" disabled={isBusy}>
        {isBusy ? text.people.adding : text.people.add}
      </button>
    </form>
  );
}

function Offices({ chosen, choose }: { chosen: readonly Role[]; choose: (roles: readonly Role[]) => void }) {
  return (
    <fieldset>
      <legend class="small soft">{text.people.roles}</legend>
      {OFFICES.map((role) => (
        <label key={role} class="check">
          <input
            type="checkbox"
            checked={chosen.includes(role)}
            onChange={(event) => {
              const others = chosen.filter((each) => each !== role);
              choose(event.currentTarget.checked ? [...others, role] : others);
            }}
          />
          {text.people.role[role]}
        </label>
      ))}
    </fieldset>
  );
}
