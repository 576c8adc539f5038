/** Members with their shares and roles; a link for those who cannot log in yet, or no longer. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Refusal } from '../ui/states.tsx';
import type { LinkOut } from './link-panel.tsx';

export function MemberList({ members, onLink }: { members: readonly Member[]; onLink: (link: LinkOut) => void }) {
  return (
    <ul class="links">
      {members
        .toSorted((a, b) => a.name.localeCompare(b.name))
        .map((member) => (
          <MemberRow key={member.id} member={member} onLink={onLink} />
        ))}
    </ul>
  );
}

function MemberRow({ member, onLink }: { member: Member; onLink: (link: LinkOut) => void }) {
  const { api, format } = useApp();
  const { isBusy, error, run } = useAction();
  const { id, name, email, roles, shares, hasLogin, meteringPoints, leftMs } = member;
  const make = () =>
    run(async () => {
      const link = hasLogin ? await api.resetLink(id) : await api.invite(id);
      onLink({ name, ...link });
    });
  const facts = [
    `${format.number(shares)} ${text.people.shares.toLocaleLowerCase()}`,
    ...roles.filter((role) => role !== 'member').map((role) => text.people.role[role]),
    ...(meteringPoints.length > 0 ? [text.people.pointCount(meteringPoints.length)] : []),
    hasLogin ? text.people.hasLogin : text.people.noLogin,
    ...(leftMs === null ? [] : [`${text.people.left} ${format.date(leftMs)}`]),
  ];
  return (
    <li class="person">
      <div>
        <span class="strong">{name}</span> <span class="small soft">{email}</span>
        <p class="small soft">{facts.join(', ')}</p>
        <Refusal error={error} />
      </div>
      {leftMs === null && email !== null && (
        <div class="buttons">
          <button
            type="button"
            class="button"
            disabled={isBusy}
            onClick={make}
            aria-label={`${hasLogin ? text.people.reset : text.people.invite}: ${name}`}
          >
            {hasLogin ? text.people.reset : text.people.invite}
          </button>
        </div>
      )}
    </li>
  );
}
