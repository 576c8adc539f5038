/** The log-in page: two fields and a sentence for those who forgot. */
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { LoneHead } from '../ui/lone-head.tsx';
import { Refusal } from '../ui/states.tsx';

export function SignInPage() {
  const { api, community, refreshMe } = useApp();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const { isBusy, error, run } = useAction();
  const submit = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.signIn(email.trim(), password);
      await refreshMe();
    });
  };
  const isWrong = error?.status === 401 || error?.status === 400;
  return (
    <main class="lone">
      <form class="card is-raised lone-card" onSubmit={submit}>
        <LoneHead title={text.signIn.title} lead={text.signIn.lead(community.name)} />
        <TextField
          label={text.signIn.email}
          value={email}
          change={setEmail}
          input={{ type: 'email', autocomplete: 'username' }}
        />
        <TextField
          label={text.signIn.password}
          value={password}
          change={setPassword}
          input={{ type: 'password', autocomplete: 'current-password' }}
        />
        {isWrong ? (
          <p class="refusal" role="alert">
            <strong>{text.signIn.wrong}</strong>
          </p>
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
