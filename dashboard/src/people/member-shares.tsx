/** Shares of a member: handed on to another or back to the community, and more of what is unsold. */
import type { Member } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { communityHolder, MoveShares } from '../treasury/move-shares.tsx';
import { Fold } from '../ui/fold.tsx';

export type MemberSharesProps = {
  readonly member: Member;
  /** Those who may take them. */
  readonly members: readonly Member[];
  readonly unsold: number;
  readonly onChanged: () => void;
};

export function MemberShares({ member, members, unsold, onChanged }: MemberSharesProps) {
  const { format } = useApp();
  const { shares } = member;
  const community = communityHolder(unsold);
  const holds = text.membership.holds(format.number(shares));
  return (
    <section class="stack is-tight">
      <h3>{text.membership.sharesTitle}</h3>
      <p>{shares === 0 ? text.membership.noShares : holds}</p>
      {shares > 0 && (
        <Fold title={text.membership.move}>
          <MoveShares givers={[member]} takers={[community, ...members]} suggested={shares} onMoved={onChanged} />
        </Fold>
      )}
      {unsold > 0 && (
        <Fold title={text.membership.giveUnsold}>
          <p class="small soft">{text.membership.unsold(format.number(unsold))}</p>
          <MoveShares givers={[community]} takers={[member]} word={text.membership.give} onMoved={onChanged} />
        </Fold>
      )}
    </section>
  );
}
