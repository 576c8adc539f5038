/** One machine: its state from two metres away, who has it, whether I may start and why not, and what I can do. */
import type { Machine } from '@commonworks/core/api/index.ts';
import type { Format } from '../format/format.ts';
import { hasRole, useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Refusal } from '../ui/states.tsx';
import { EndForOther } from './end-for-other.tsx';
import { lookOf, machineState } from './machine-look.ts';

/** Stand-by is not worth a line. */
const SHOWN_FROM_W = 50;

export type MachineCardProps = {
  readonly machine: Machine;
  readonly isBooking: boolean;
  readonly book: () => void;
  readonly onChange: () => void;
};

export function MachineCard({ machine, isBooking, book, onChange }: MachineCardProps) {
  const { format, me } = useApp();
  const state = machineState(machine);
  const look = lookOf(state);
  return (
    <section
      class={`card machine kind-${look.hue}${state === 'unknown' ? ' is-unknown' : ''}`}
      aria-label={machine.name}
    >
      <div class="machine-state">
        <Icon name={look.icon} size={32} />
        <div>
          <span class="machine-word">{look.word}</span>
          <span class="small">{stateDetail(machine, format)}</span>
        </div>
      </div>
      <div>
        <h2>{machine.name}</h2>
        <p class="soft small">
          {text.machines.kinds[machine.kind]}, {text.machines.price(format.price(machine.pricePerHour))}
        </p>
      </div>
      <ul class="machine-facts">
        <Fact icon="calendar">{nextText(machine, format)}</Fact>
        {machine.powerW !== null && machine.powerW >= SHOWN_FROM_W && !machine.isStale && (
          <Fact icon="workshop">{text.machines.power(format.powerText(machine.powerW))}</Fact>
        )}
        {me?.member != null && <MayStart machine={machine} />}
      </ul>
      <MachineButtons machine={machine} isBooking={isBooking} book={book} onChange={onChange} />
    </section>
  );
}

function Fact({ icon, children }: { icon: IconName; children: string }) {
  return (
    <li class="fact">
      <Icon name={icon} size={16} />
      <span>{children}</span>
    </li>
  );
}

function MayStart({ machine }: { machine: Machine }) {
  const { ok, reason } = machine.mayStart;
  if (machine.mySession !== null) return <Fact icon="play">{text.machines.inSession}</Fact>;
  return (
    <li class={ok ? 'fact' : 'fact is-refused'}>
      <Icon name={ok ? 'check' : 'lock'} size={16} />
      <span>
        <span class="strong">{ok ? text.machines.mayStart : text.machines.mayNot}</span>
        {reason !== '' && `: ${reason}`}
      </span>
    </li>
  );
}

function MachineButtons({ machine, isBooking, book, onChange }: MachineCardProps) {
  const { api, me } = useApp();
  const { isBusy, error, run } = useAction();
  const act = (work: () => Promise<unknown>) => run(() => work().then(onChange));
  if (me?.member == null) return null;
  const isMine = machine.mySession !== null;
  return (
    <>
      <Refusal error={error} />
      <div class="machine-buttons">
        <button type="button" class="button is-large is-main" aria-expanded={isBooking} onClick={book}>
          <Icon name="calendar" />
          {text.machines.book}
        </button>
        {isMine && (
          <button
            type="button"
            class="button is-large"
            disabled={isBusy}
            onClick={() => act(() => api.endSession(machine.id))}
          >
            {text.machines.end}
          </button>
        )}
        {!isMine && machine.mayStart.ok && (
          <button
            type="button"
            class="button is-large"
            disabled={isBusy}
            onClick={() => act(() => api.startSession(machine.id))}
          >
            {text.machines.start}
          </button>
        )}
      </div>
      {machine.occupancy === 'in-session' && !isMine && hasRole(me, 'operator', 'admin') && (
        <EndForOther machine={machine} onChange={onChange} />
      )}
    </>
  );
}

function stateDetail(machine: Machine, format: Format): string {
  if (machineState(machine) === 'unknown') return text.machines.unknownWhy;
  const { current, activitySinceMs, activity } = machine;
  if (current !== null) {
    const who = current.isMine
      ? text.machines.byMe
      : current.memberName === null
        ? text.machines.bySomeone
        : text.machines.by(current.memberName);
    return `${who}, ${text.machines.until(format.time(current.toMs))}`;
  }
  const words = activity === 'off' ? `${text.machines.state.off}, ` : '';
  return activitySinceMs === null ? words : `${words}${text.machines.since(format.dateTime(activitySinceMs))}`;
}

function nextText({ next }: Machine, format: Format): string {
  if (next === null) return text.machines.noNext;
  return text.machines.nextBooking(`${format.date(next.fromMs)}, ${format.timeRange(next.fromMs, next.toMs)}`);
}
