/** For operators and admins: ends the session of somebody who cannot do so themselves; asked twice. */
import type { Machine } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';

export function EndForOther({ machine: { id, name }, onChange }: { machine: Machine; onChange: () => void }) {
  const { api, announce } = useApp();
  const [isAsked, setAsked] = useState(false);
  const { isBusy, error, run } = useAction();
  const end = () =>
    run(async () => {
      const { memberName } = await api.endSession(id);
      announce(text.machines.endedFor(memberName));
      onChange();
    });
  return (
    <div class="stack is-tight">
      <div>
        <button
          type="button"
          class="button"
          aria-expanded={isAsked}
          aria-label={`${text.machines.endOther}: ${name}`}
          onClick={() => setAsked(!isAsked)}
        >
          {text.machines.endOther}
        </button>
      </div>
      {isAsked && (
        <>
          <p class="small">{text.machines.endOtherHelp}</p>
          <Refusal error={error} />
          <div>
            <button type="button" class="button is-main" disabled={isBusy} onClick={end}>
              {text.machines.endOtherConfirm}
            </button>
          </div>
        </>
      )}
    </div>
  );
}
