/** A member leaves: said twice, since it cannot be undone. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';

export function MemberLeave({ member: { id, name }, onChanged }: { member: Member; onChanged: () => void }) {
  const { api, announce } = useApp();
  const [isAsked, setAsked] = useState(false);
  const { isBusy, error, run } = useAction();
  const leave = () =>
    run(async () => {
      await api.leave(id);
      announce(text.membership.hasLeft(name));
      onChanged();
    });
  return (
    <section class="stack is-tight">
      <h3>{text.membership.leaving}</h3>
      <div>
        <button type="button" class="button" aria-expanded={isAsked} onClick={() => setAsked(!isAsked)}>
          {text.membership.leaves(name)}
        </button>
      </div>
      {isAsked && (
        <>
          <p class="small">{text.membership.leaveHelp(name)}</p>
          <Refusal error={error} />
          <div>
            <button type="button" class="button is-main" disabled={isBusy} onClick={leave}>
              {text.membership.confirmLeave(name)}
            </button>
          </div>
        </>
      )}
    </section>
  );
}
