/** The pages behind one-time links: the first admin, a new member, a forgotten password. */
import { useState } from 'preact/hooks';
import type { LinkInfo } from '../api/api.ts';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Field } from '../ui/field.tsx';
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
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const isSetup = info.purpose === 'setup';
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const who = isSetup ? { name: name.trim(), email: email.trim() } : {};
      const accepted = await api.accept({ token, password, ...who });
      await api.signIn(accepted.email, password);
      router.go('/');
      await refreshMe();
    } catch (cause) {
      setError(toApiError(cause));
      setBusy(false);
    }
  };
  return (
    <form class="card is-raised lone-card" onSubmit={submit}>
      <div class="stack is-tight">
        <img src="/icon.svg" alt="" width="48" height="48" />
        <h1>{text.accept[info.purpose]}</h1>
        <p class="soft">{LEADS[info.purpose](info.name ?? '')}</p>
      </div>
      {isSetup && <Whoever name={name} setName={setName} email={email} setEmail={setEmail} />}
      {!isSetup && info.email !== null && <input type="hidden" autocomplete="username" value={info.email} />}
      <Field label={text.accept.password}>
        {(id) => (
          <input
            id={id}
            type="password"
            autocomplete="new-password"
            required
            minLength={PASSWORD_MIN}
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        )}
      </Field>
      <Refusal error={error} />
      <button type="submit" class="button is-main is-large is-wide" disabled={isBusy}>
        {isBusy ? text.accept.busy : text.accept.submit}
      </button>
    </form>
  );
}

type WhoeverProps = {
  readonly name: string;
  readonly setName: (name: string) => void;
  readonly email: string;
  readonly setEmail: (email: string) => void;
};

function Whoever({ name, setName, email, setEmail }: WhoeverProps) {
  return (
    <>
      <Field label={text.accept.name}>
        {(id) => (
          <input
            id={id}
            autocomplete="name"
            required
            maxLength={120}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field label={text.accept.email}>
        {(id) => (
          <input
            id={id}
            type="email"
            autocomplete="username"
            required
            value={email}
            onInput={(event) => setEmail(event.currentTarget.value)}
          />
        )}
      </Field>
    </>
  );
}
