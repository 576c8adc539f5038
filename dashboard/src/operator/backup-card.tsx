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
        <Badge
          hue={isDue ? 'alarm' : 'battery'}
          icon={isDue ? 'alarm' : 'check'}
          word={isDue ? words.due : words.good}
        />
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
