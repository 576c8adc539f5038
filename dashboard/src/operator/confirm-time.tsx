/** A person says that this browser's clock is right: then the hub goes by it. */
import { useEffect, useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';

export function ConfirmTime({ onConfirmed }: { onConfirmed: () => void }) {
  const { api, format, announce } = useApp();
  const [browserMs, setBrowserMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setBrowserMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const { isBusy, error, run } = useAction();
  const confirm = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      // How long an answer takes is measured at once before: half of it the word is on its way.
      const sentMs = performance.now();
      await api.clocks();
      const roundTripMs = Math.min(performance.now() - sentMs, 60_000);
      await api.confirmTime({ browserMs: Date.now(), roundTripMs });
      announce(text.clocks.confirmDone);
      onConfirmed();
    });
  };
  return (
    <Fold title={text.clocks.confirm}>
      <form class="stack" onSubmit={confirm}>
        <p class="small soft">{text.clocks.confirmHelp}</p>
        <p>
          {text.clocks.browserSays} <span class="strong">{format.dateTimeSeconds(browserMs)}</span>
        </p>
        <Refusal error={error} />
        <div>
          <button type="submit" class="button" disabled={isBusy}>
            {text.clocks.confirmDo}
          </button>
        </div>
      </form>
    </Fold>
  );
}
