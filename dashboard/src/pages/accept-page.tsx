/** The pages behind one-time links: the first admin, a new member, a forgotten password. */
import { useState } from 'preact/hooks';
import type { LinkInfo } from '../api/api.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { LoneHead } from '../ui/lone-head.tsx';
import { Loaded, Plain, Refusal } from '../ui/states.tsx';

export type AcceptKind = 'setup' | 'invite' | 'reset';

const PASSWORD_MIN = 10;
const LEADS = { setup: text.accept.setupLead, invite: text.accept.inviteLead, reset: text.accept.resetLead } as const;

export function AcceptPage({ kind }: { kind: AcceptKind }) {
  const { router } = useApp();
  const token = router.place.value.query.get('token') ?? '';
  return (
    <main class="lone">
      {token === '' ? <Plain title={text.accept[kind]} body={text.accept.noToken} /> : <AcceptWithLink token={token} />}
    </main>
  );
}

function AcceptWithLink({ token }: { token: string }) {
  const { api } = useApp();
  const link = useResource((signal) => api.link(token, { signal }), [token]);
  return <Loaded resource={link}>{(info) => <AcceptForm info={info} token={token} />}</Loaded>;
}

/** The password is set with the link, and the person signed in with it. */
function AcceptForm({ info, token }: { info: LinkInfo; token: string }) {
  const { api, refreshMe, router } = useApp();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { isBusy, error, run } = useAction();
  const isSetup = info.purpose === 'setup';
  const submit = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const who = isSetup ? { name: name.trim(), email: email.trim() } : {};
      const accepted = await api.accept({ token, password, ...who });
      await api.signIn(accepted.email, password);
      router.go('/');
      await refreshMe();
    });
  };
  return (
    <form class="card is-raised lone-card" onSubmit={submit}>
      <LoneHead title={text.accept[info.purpose]} lead={LEADS[info.purpose](info.name ?? '')} />
      {isSetup && (
        <>
          <TextField
            label={text.accept.name}
            value={name}
            change={setName}
            input={{ autocomplete: 'name', maxLength: 120 }}
          />
          <TextField
            label={text.accept.email}
            value={email}
            change={setEmail}
            input={{ type: 'email', autocomplete: 'username' }}
          />
        </>
      )}
      {info.email !== null && <input type="hidden" autocomplete="username" value={info.email} />}
      <TextField
        label={text.accept.password}
        value={password}
        change={setPassword}
        input={{ type: 'password', autocomplete: 'new-password', minLength: PASSWORD_MIN }}
      />
      <Refusal error={error} />
      <button type="submit" class="button is-main is-large is-wide" disabled={isBusy}>
        {isBusy ? text.accept.busy : text.accept.submit}
      </button>
    </form>
  );
}
