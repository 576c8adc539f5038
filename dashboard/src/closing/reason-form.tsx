/** A decision that asks for nothing but its reason, folded away until somebody wants it. */
import { useState } from 'preact/hooks';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { TextField } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';

export const REASON = { minLength: 3, maxLength: 300 };

export type ReasonFormProps = {
  readonly title: string;
  readonly help?: string;
  /** What the reason is asked for as. */
  readonly label?: string;
  readonly submit: string;
  readonly decide: (reason: string) => Promise<void>;
};

export function ReasonForm({ title, help, label = text.closing.reason, submit, decide }: ReasonFormProps) {
  const [reason, setReason] = useState('');
  const { isBusy, error, run } = useAction();
  const send = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await decide(reason.trim());
      setReason('');
    });
  };
  return (
    <Fold title={title}>
      <form class="stack" onSubmit={send}>
        {help !== undefined && <p class="small soft">{help}</p>}
        <TextField label={label} value={reason} change={setReason} input={REASON} />
        <Refusal error={error} />
        <div>
          <button type="submit" class="button" disabled={isBusy}>
            {submit}
          </button>
        </div>
      </form>
    </Fold>
  );
}
