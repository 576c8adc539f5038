/** Before a month closes: which registers are complete, and what must be decided about the others. */
import type { MonthReadiness, RegisterReadiness } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { type Resource, useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Badge } from '../ui/badge.tsx';
import { Fold } from '../ui/fold.tsx';
import { Loaded } from '../ui/states.tsx';
import { LeaveGap } from './leave-gap.tsx';
import { gapSentences, registerName } from './register-words.ts';
import { TypeValues } from './type-values.tsx';
import { TypedValues } from './typed-values.tsx';

export function MonthQuality({ month, canDecide }: { month: string; canDecide: boolean }) {
  const { api } = useApp();
  const readiness = useResource((signal) => api.readiness(month, { signal }), [month]);
  return (
    <section class="card">
      <h2>{text.closing.title}</h2>
      <Loaded resource={readiness}>
        {(data) => <Registers readiness={data} canDecide={canDecide} resource={readiness} />}
      </Loaded>
    </section>
  );
}

type RegistersProps = {
  readonly readiness: MonthReadiness;
  readonly canDecide: boolean;
  readonly resource: Resource<MonthReadiness>;
};

function Registers({ readiness, canDecide, resource }: RegistersProps) {
  const { registers, month, isOver, isReady } = readiness;
  const open = registers.filter((register) => register.open.length > 0);
  const fine = registers.filter((register) => register.open.length === 0);
  const sentence = isReady
    ? text.closing.ready(registers.length)
    : isOver
      ? text.closing.notReady(open.length, registers.length)
      : text.closing.notOver;
  const item = (register: RegisterReadiness) => (
    <RegisterItem
      key={`${register.point}/${register.register}`}
      register={register}
      month={month}
      canDecide={canDecide && isOver}
      onChanged={resource.reload}
    />
  );
  return (
    <>
      <p>{sentence}</p>
      {open.length > 0 && <ul class="stack">{open.map(item)}</ul>}
      {fine.length > 0 && (
        <Fold title={text.closing.fine(fine.length)}>
          <ul class="stack">{fine.map(item)}</ul>
        </Fold>
      )}
    </>
  );
}

export type RegisterProps = {
  readonly register: RegisterReadiness;
  readonly month: string;
  readonly onChanged: () => void;
};

function RegisterItem({ register, month, canDecide, onChanged }: RegisterProps & { readonly canDecide: boolean }) {
  const { format } = useApp();
  const isOpen = register.open.length > 0;
  const isWhole = register.expected === register.measured;
  return (
    <li class="stack is-tight register-quality">
      <div class="row is-apart">
        <h3>{registerName(register)}</h3>
        {isOpen && <Badge hue="alarm" icon="alarm" word={text.closing.isOpen} />}
      </div>
      <p class="small soft">
        {register.owner === null ? text.closing.ofCommunity : text.closing.ofOwner(register.owner)}
      </p>
      <Counts register={register} />
      {gapSentences(register, format).map((sentence) => (
        <p key={sentence} class="small">
          {sentence}
        </p>
      ))}
      {register.decisions.map(({ isAccepted, reason, author, createdMs, matter }) => (
        <p key={`${matter}${createdMs}`} class="small soft">
          {isAccepted ? text.closing.decided(reason, author) : text.closing.reopened(reason, author)}
        </p>
      ))}
      <TypedValues register={register} month={month} onChanged={canDecide ? onChanged : undefined} />
      {canDecide && register.missingSpans.length > 0 && (
        <TypeValues register={register} month={month} onChanged={onChanged} />
      )}
      {canDecide && !isWhole && <LeaveGap register={register} month={month} onChanged={onChanged} />}
    </li>
  );
}

function Counts({ register }: { register: RegisterReadiness }) {
  const { format } = useApp();
  const words = text.closing.counts;
  const unplacedMwh = register.unplaced.reduce((sum, { remainingMwh }) => sum + remainingMwh, 0);
  const counts = (['expected', 'measured', 'estimated', 'substituted', 'missing'] as const)
    .filter((key) => key === 'expected' || key === 'measured' || register[key] > 0)
    .map((key) => [words[key], format.number(register[key])] as const);
  const energy = unplacedMwh === 0 ? [] : [[words.unplaced, format.energyText(unplacedMwh)] as const];
  return (
    <dl class="facts">
      {[...counts, ...energy].map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
