/** A treasurer leaves a gap as it is, with a reason, so that the month may close; or takes that back. */
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';
import type { RegisterProps } from './month-quality.tsx';
import { registerName } from './register-words.ts';

export function LeaveGap({ register, month, onChanged }: RegisterProps) {
  const { api, announce } = useApp();
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const isOpen = register.open.length > 0;
  const standing = [...new Set(register.decisions.map(({ matter }) => matter))].filter(
    (matter) => register.decisions.findLast((one) => one.matter === matter)?.isAccepted,
  );
  const matters = isOpen ? register.open : standing;
  if (matters.length === 0) return null;
  const decide = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const { point, register: name } = register;
      await api.decideGap(month, {
        point,
        register: name,
        matters: [...matters],
        isAccepted: isOpen,
        reason: reason.trim(),
      });
      announce(text.closing.left(registerName(register)));
      setReason('');
      onChanged();
    });
  };
  return (
    <Fold title={isOpen ? text.closing.leave : text.closing.takeBack}>
      <form class="stack" onSubmit={decide}>
        {isOpen && <p class="small soft">{text.closing.leaveHelp}</p>}
        <TextField
          label={text.closing.reason}
          value={reason}
          change={setReason}
          input={{ minLength: 3, maxLength: 300 }}
        />
        <Refusal error={error} />
        <div>
          <button type="submit" class="button" disabled={isBusy}>
            {isOpen ? text.closing.leaveDo : text.closing.takeBack}
          </button>
        </div>
      </form>
    </Fold>
  );
}
