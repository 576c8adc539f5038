/** Says whether what is on screen is live, and if not, since when. */
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Badge } from './badge.tsx';

export function LiveMark({ atMs, isStale }: { atMs: number; isStale: boolean }) {
  const { format } = useApp();
  return (
    <p>
      {isStale ? (
        <Badge hue="neutral" icon="stale" word={text.state.staleSince(format.dateTime(atMs))} isStale />
      ) : (
        <Badge hue="battery" icon="check" word={text.state.liveAt(format.time(atMs))} />
      )}
    </p>
  );
}
