/** Members with their shares and roles: a link for those who cannot log in, and each opens to what can be changed. */
import type { BadgeRecord, Member } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { statementsPath } from '../pages/routes.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Fold } from '../ui/fold.tsx';
import { Refusal } from '../ui/states.tsx';
import type { LinkOut } from './link-panel.tsx';
import { MemberBadges } from './member-badges.tsx';
import { MemberContact } from './member-contact.tsx';
import { MemberLeave } from './member-leave.tsx';
import { MemberRoles } from './member-roles.tsx';
import { MemberShares } from './member-shares.tsx';

export type MemberListProps = {
  readonly members: readonly Member[];
  readonly badges: readonly BadgeRecord[];
  /** Shares that nobody holds. */
  readonly unsold: number;
  readonly onLink: (link: LinkOut) => void;
  readonly onChanged: () => void;
};

export function MemberList(props: MemberListProps) {
  const byName = props.members.toSorted((a, b) => a.name.localeCompare(b.name));
  const present = byName.filter(({ leftMs }) => leftMs === null);
  const former = byName.filter(({ leftMs }) => leftMs !== null);
  return (
    <>
      <ul class="links">
        {present.map((member) => (
          <MemberRow key={member.id} {...props} members={present} member={member} />
        ))}
      </ul>
      {former.length > 0 && <Former members={former} />}
    </>
  );
}

function Former({ members }: { members: readonly Member[] }) {
  const { format } = useApp();
  return (
    <Fold title={text.membership.former(members.length)}>
      <ul class="links">
        {members.map(({ id, name, leftMs }) => (
          <li key={id} class="booking-row">
            <span class="strong">{name}</span>{' '}
            <span class="small soft">{text.membership.leftOn(format.dateLong(leftMs ?? 0))}</span>{' '}
            <a class="small" href={statementsPath(id)} aria-label={text.treasury.statementsOf(name)}>
              {text.treasury.statementsShort}
            </a>
          </li>
        ))}
      </ul>
    </Fold>
  );
}

type MemberRowProps = MemberListProps & { readonly member: Member };

function MemberRow({ member, onLink, ...of }: MemberRowProps) {
  const { api, format } = useApp();
  const { isBusy, error, run } = useAction();
  const [isOpen, setOpen] = useState(false);
  const { id, name, email, roles, shares, hasLogin, meteringPoints, badges } = member;
  const make = () =>
    run(async () => {
      const link = hasLogin ? await api.resetLink(id) : await api.invite(id);
      onLink({ name, ...link });
    });
  const facts = [
    text.membership.shareCount(format.number(shares)),
    ...roles.filter((role) => role !== 'member').map((role) => text.people.role[role]),
    ...(meteringPoints.length > 0 ? [text.people.pointCount(meteringPoints.length)] : []),
    ...(badges > 0 ? [text.membership.badgeCount(badges)] : []),
    hasLogin ? text.people.hasLogin : text.people.noLogin,
  ];
  const toggle = isOpen ? text.membership.close : text.membership.change;
  const link = hasLogin ? text.people.reset : text.people.invite;
  return (
    <li class="person">
      <div>
        <span class="strong">{name}</span> <span class="small soft">{email}</span>
        <p class="small soft">{facts.join(', ')}</p>
        <Refusal error={error} />
      </div>
      <div class="buttons">
        {email !== null && (
          <button type="button" class="button" disabled={isBusy} onClick={make} aria-label={`${link}: ${name}`}>
            {link}
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-expanded={isOpen}
          aria-label={`${toggle}: ${name}`}
          onClick={() => setOpen(!isOpen)}
        >
          {toggle}
        </button>
      </div>
      {isOpen && <MemberChanges member={member} {...of} />}
    </li>
  );
}

function MemberChanges({ member, members, badges, unsold, onChanged }: Omit<MemberRowProps, 'onLink'>) {
  const { me, refreshMe } = useApp();
  const changed = () => {
    onChanged();
    if (member.id === me?.member) void refreshMe();
  };
  const own = badges.filter((each) => each.member === member.id && each.revokedMs === null);
  return (
    <div class="person-changes columns is-even">
      <MemberContact member={member} onChanged={changed} />
      <MemberRoles member={member} onChanged={changed} />
      <MemberBadges badges={own} onChanged={changed} />
      <MemberShares key={member.shares} member={member} members={members} unsold={unsold} onChanged={changed} />
      <MemberLeave member={member} onChanged={changed} />
    </div>
  );
}
