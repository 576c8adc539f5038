/** Badges that were shown at a reader and belong to nobody: choose whose it is, and it is theirs. */
import type { BadgeRecord, Member, UnknownBadge } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { overlay } from '../live/live-store.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice } from '../ui/field.tsx';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';
import { shortHash, useAge } from './badge-words.ts';

export type UnknownBadgesProps = {
  readonly fetched: readonly UnknownBadge[];
  readonly registered: readonly BadgeRecord[];
  readonly members: readonly Member[];
  readonly onGiven: () => void;
};

/** Who stands at a reader with a new badge does so now; what is older is folded away. */
const RECENT_MS = 86_400_000;
/** A reader of more machines than this is better known by its own name. */
const MACHINES_NAMED_MAX = 3;

export function UnknownBadges({ fetched, registered, members, onGiven }: UnknownBadgesProps) {
  const { live } = useApp();
  const heard = overlay(fetched, live.badges.value, ({ badge }) => badge);
  const unknown = heard.filter((each) => !isTaken(each, registered)).toSorted((a, b) => b.atMs - a.atMs);
  if (unknown.length === 0) return null;
  const sinceMs = live.now.value - RECENT_MS;
  const recent = unknown.filter(({ atMs }) => atMs > sinceMs);
  const earlier = unknown.filter(({ atMs }) => atMs <= sinceMs);
  const rows = (list: readonly UnknownBadge[]) => (
    <ul class="links">
      {list.map((each) => (
        <UnknownRow key={each.badge} unknown={each} members={members} onGiven={onGiven} />
      ))}
    </ul>
  );
  return (
    <section class="card">
      <h2>{text.membership.unknown.title(unknown.length)}</h2>
      {recent.length > 0 && rows(recent)}
      {earlier.length > 0 && <Fold title={text.membership.unknown.earlier(earlier.length)}>{rows(earlier)}</Fold>}
    </section>
  );
}

/** Heard of before it was given: no longer unknown. */
function isTaken({ badge, atMs }: UnknownBadge, registered: readonly BadgeRecord[]): boolean {
  return registered.some((each) => each.badge === badge && (each.revokedMs === null || each.revokedMs > atMs));
}

type UnknownRowProps = Pick<UnknownBadgesProps, 'members' | 'onGiven'> & { readonly unknown: UnknownBadge };

function UnknownRow({ unknown, members, onGiven }: UnknownRowProps) {
  const { api, announce } = useApp();
  const [member, setMember] = useState('');
  const { isBusy, error, run } = useAction();
  const words = text.membership.unknown;
  const give = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      await api.giveBadge(unknown.badge, member);
      announce(words.given(members.find(({ id }) => id === member)?.name ?? ''));
      onGiven();
    });
  };
  return (
    <li class="unknown-badge">
      <div>
        <p>{useSentence(unknown)}</p>
        <p class="small soft mono">{shortHash(unknown.badge)}</p>
      </div>
      <form onSubmit={give}>
        <Choice
          label={words.giveTo}
          value={member}
          options={[['', text.membership.choose], ...members.map(({ id, name }) => [id, name] as const)]}
          choose={setMember}
        />
        <button
          type="submit"
          class="button is-main"
          disabled={isBusy || member === ''}
          aria-label={`${words.give}: ${shortHash(unknown.badge)}`}
        >
          {words.give}
        </button>
      </form>
      <Refusal error={error} />
    </li>
  );
}

function useSentence({ machines, reader, edgeName, formerMember, atMs }: UnknownBadge): string {
  const { format } = useApp();
  const words = text.membership.unknown;
  const [machine] = machines;
  const where =
    machine === undefined || machines.length > MACHINES_NAMED_MAX
      ? words.atReader(reader, edgeName)
      : machines.length === 1
        ? words.atMachine(machine)
        : words.atMachines(format.list(machines));
  const when = useAge(atMs);
  return formerMember === null ? words.shown(where, when) : words.shownAgain(formerMember, where, when);
}
