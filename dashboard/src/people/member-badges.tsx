/** A member's badges: since when, when shown last, and taking one back when it was lost. */
import type { BadgeRecord } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';
import { shortHash } from './badge-words.ts';

export function MemberBadges({ badges, onChanged }: { badges: readonly BadgeRecord[]; onChanged: () => void }) {
  return (
    <section class="stack is-tight">
      <h3>{text.membership.badges}</h3>
      {badges.length === 0 && <p>{text.membership.noBadges}</p>}
      <ul class="links">
        {badges.map((each) => (
          <BadgeRow key={each.badge} badge={each} onChanged={onChanged} />
        ))}
      </ul>
      <p class="small soft">{text.membership.howToBadge}</p>
    </section>
  );
}

function BadgeRow({
  badge: { badge, registeredMs, lastShownMs },
  onChanged,
}: {
  badge: BadgeRecord;
  onChanged: () => void;
}) {
  const { api, format, announce } = useApp();
  const { isBusy, error, run } = useAction();
  const facts = [
    ...(registeredMs === null ? [] : [text.membership.badgeSince(format.dateLong(registeredMs))]),
    lastShownMs === null ? text.membership.badgeNotShown : text.membership.badgeShown(format.dateTime(lastShownMs)),
  ];
  const take = () =>
    run(async () => {
      await api.takeBadge(badge);
      announce(text.membership.takenBack);
      onChanged();
    });
  return (
    <li class="stack is-tight booking-row">
      <div class="row is-apart">
        <span>
          <span class="mono">{shortHash(badge)}</span>
          <br />
          <span class="small soft">{facts.join(', ')}</span>
        </span>
        <button
          type="button"
          class="button"
          disabled={isBusy}
          onClick={take}
          aria-label={`${text.membership.takeBack}: ${shortHash(badge)}`}
        >
          {text.membership.takeBack}
        </button>
      </div>
      <Refusal error={error} />
    </li>
  );
}
