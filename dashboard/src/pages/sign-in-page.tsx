/** The log-in page: two fields and a sentence for those who forgot. */
import { useState } from 'preact/hooks';
import { type ApiError, toApiError } from '../api/api-error.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Field } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';

export function SignInPage() {
  const { api, community, refreshMe } = useApp();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<ApiError>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await api.signIn(email.trim(), password);
      await refreshMe();
    } catch (cause) {
      setError(toApiError(cause));
    } finally {
      setBusy(false);
    }
  };
  const isWrong = error?.status === 401 || error?.status === 400;
  return (
    <main class="lone">
      <form class="card is-raised lone-card" onSubmit={submit}>
        <div class="stack is-tight">
          <img src="/icon.svg" alt="" width="48" height="48" />
          <h1>{text.signIn.title}</h1>
          <p class="soft">{text.signIn.lead(community.name)}</p>
        </div>
        <Field label={text.signIn.email}>
          {(id) => (
            <input
              id={id}
              type="email"
              autocomplete="username"
              required
              value={email}
              onInput={(e) => setEmail(e.currentTarget.value)}
            />
          )}
        </Field>
        <Field label={text.signIn.password}>
          {(id) => (
            <input
              id={id}
              type="password"
              autocomplete="current-password"
              required
              value={password}
              onInput={(e) => setPassword(e.currentTarget.value)}
            />
          )}
        </Field>
        {isWrong ? (
          <div class="refusal" role="alert">
            <strong>{text.signIn.wrong}</strong>
          </div>
        ) : (
          <Refusal error={error} />
        )}
        <button type="submit" class="button is-main is-large is-wide" disabled={isBusy}>
          {isBusy ? text.signIn.busy : text.signIn.submit}
        </button>
        <p class="small soft">{community.isDemo ? text.signIn.demo : text.signIn.forgot}</p>
      </form>
    </main>
  );
}
