/** When the site was last backed up, and the command for whoever finds that too long ago. */
import type { BackupState } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Loaded } from '../ui/states.tsx';
import { agoText, sizeText } from './backup-words.ts';

const words = text.backup;

export function BackupCard() {
  const { api, live } = useApp();
  const backup = useResource((signal) => api.backup({ signal }), [live.generation.value]);
  return (
    <section class="card">
      <h2>{words.title}</h2>
      <Loaded resource={backup}>
        {(state) => (state.isNeeded ? <Newest state={state} /> : <p class="small">{words.demo}</p>)}
      </Loaded>
    </section>
  );
}

function Newest({ state: { newest, nowMs, isDue } }: { state: BackupState }) {
  const { format } = useApp();
  return (
    <>
      <p class="row">
        <Badge {...badgeOf({ newest, isDue })} />
      </p>
      <p>
        {newest === null
          ? words.none
          : words.newest(agoText(nowMs - newest.atMs), sizeText(newest.bytes, format), newest.folder)}
      </p>
      {isDue && newest !== null && <p>{words.old}</p>}
      {(isDue || newest === null) && (
        <>
          <p class="small">{words.how}</p>
          <p class="small">
            <code>{words.command}</code>
          </p>
        </>
      )}
    </>
  );
}

/** On its first day a site without a backup is neither well nor late. */
function badgeOf({ newest, isDue }: Pick<BackupState, 'newest' | 'isDue'>) {
  if (isDue) return { hue: 'alarm', icon: 'alarm', word: words.due } as const;
  if (newest === null) return { hue: 'sun', icon: 'question', word: words.noneYet } as const;
  return { hue: 'battery', icon: 'check', word: words.good } as const;
}
