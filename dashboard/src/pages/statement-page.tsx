/** One month's statement: what to pay, every line with its proof, the fingerprints; made for the printer too. */
import type { Statement } from '@commonworks/core/api/index.ts';
import { StatementAccount } from '../closing/statement-account.tsx';
import { Fingerprint } from '../share/fingerprint.tsx';
import { ShareTotalsList } from '../share/share-totals.tsx';
import { StatementLines } from '../share/statement-lines.tsx';
import { StatusBadge } from '../share/statement-list.tsx';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { Icon } from '../ui/icons.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { memberOfPath, statementsPath } from './routes.ts';

/** Without a member one's own. */
export function StatementPage({ month, member }: { month: string; member?: string }) {
  const { me } = useApp();
  const whose = member ?? me?.member;
  if (whose == null) return <Empty icon="share" title={text.share.noMemberTitle} body={text.share.noMember} />;
  return <StatementOf member={whose} month={month} />;
}

function StatementOf({ member, month }: { member: string; month: string }) {
  const { api } = useApp();
  const statement = useResource((signal) => api.statement(member, month, { signal }), [member, month]);
  return <Loaded resource={statement}>{(data) => <StatementView statement={data} />}</Loaded>;
}

function StatementView({ statement }: { statement: Statement }) {
  return (
    <div class="page">
      <StatementHead statement={statement} />
      <div class="columns is-wide-left">
        <section class="card">
          <h2>{text.statement.lines}</h2>
          <StatementLines statement={statement} />
        </section>
        <div class="stack">
          <section class="card">
            <h2>{text.share.used}</h2>
            <ShareTotalsList totals={statement.energy} />
            <p class="small soft">{text.share.method[statement.method]}</p>
          </section>
          <StatementAccount account={statement.account} />
          <Proofs statement={statement} />
        </div>
      </div>
    </div>
  );
}

function StatementHead({ statement }: { statement: Statement }) {
  const { api, format, community, me, router } = useApp();
  const { status, settledMs, month, member, memberName } = statement;
  const amount = format.money(Math.abs(statement.totalMinor));
  const isOthers = memberOfPath(router.place.value.path) !== null;
  const sentence = sentenceOf(statement, { isMine: me?.member === member, amount });
  const isSettled = status === 'settled' && settledMs !== null;
  return (
    <div class="statement-head">
      <a class="row small no-print" href={isOthers ? statementsPath(member) : '/share'}>
        <Icon name="back" size={16} />
        {isOthers ? text.treasury.statementsOf(memberName) : text.statement.back}
      </a>
      <p class="soft">
        {text.statement.title(format.month(month))}, {memberName}, {community.name}
      </p>
      <Answer sentence={sentence} mark={amount} />
      <div class="row">
        <StatusBadge status={status} />
        <span class="small soft">{text.statement.version(statement.version)}</span>
      </div>
      <p class="soft">
        {isSettled ? text.statement.settledLong(format.dateLong(settledMs)) : text.statement.draftLong}
      </p>
      <div class="row no-print">
        <button type="button" class="button" onClick={() => window.print()}>
          <Icon name="print" size={16} />
          {text.statement.print}
        </button>
        <a class="button" href={api.intervalsCsvUrl(member, month)} download={`statement-${month}.csv`}>
          <Icon name="download" size={16} />
          {text.statement.csv}
        </a>
      </div>
    </div>
  );
}

function sentenceOf(
  { totalMinor, memberName }: Statement,
  { isMine, amount }: { isMine: boolean; amount: string },
): string {
  const words = text.statement;
  if (totalMinor === 0) return words.even;
  if (isMine) return totalMinor > 0 ? words.owe(amount) : words.owed(amount);
  return totalMinor > 0 ? words.owes(memberName, amount) : words.isOwed(memberName, amount);
}

function Proofs({ statement }: { statement: Statement }) {
  const { format } = useApp();
  const { ledgerHead, inputsHash, roundingMicroMwh } = statement;
  return (
    <section class="card">
      <h2>{text.statement.head}</h2>
      {ledgerHead === null ? (
        <p class="soft">{text.statement.noHead}</p>
      ) : (
        <Fingerprint value={ledgerHead} help={text.statement.headHelp} />
      )}
      {inputsHash !== null && (
        <>
          <h3>{text.statement.inputs}</h3>
          <Fingerprint value={inputsHash} help={text.statement.inputsHelp} />
        </>
      )}
      <h3>{text.statement.rounding}</h3>
      <p>
        <span class="strong">{text.statement.roundingValue(format.signed(roundingMicroMwh / 1_000_000))}</span>{' '}
        <span class="small soft">{text.statement.roundingHelp}</span>
      </p>
    </section>
  );
}
