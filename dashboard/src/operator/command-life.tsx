/** The life of a command as steps: what has happened, what is next, and how it ended. */
import type { CommandRecord } from '@commonworks/core/api/index.ts';
import type { CommandState } from '@commonworks/core/commands.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Icon, type IconName } from '../ui/icons.tsx';

const GOOD_WAY = ['requested', 'published', 'accepted', 'written', 'confirmed'] as const satisfies CommandState[];
const FAILURES: readonly CommandState[] = ['failed', 'expired'];

export function CommandLife({ command }: { command: CommandRecord }) {
  const { format } = useApp();
  const reached = new Set(command.steps.map(({ state }) => state));
  const hasEnded = command.steps.some(({ state }) => FAILURES.includes(state));
  const ahead = hasEnded ? [] : GOOD_WAY.filter((state) => !reached.has(state));
  return (
    <div class="life">
      <h3>{text.operator.life}</h3>
      <ol aria-live="polite">
        {command.steps.map(({ state, atMs, detail }) => (
          <li key={`${state}-${atMs}`} class={stepClass(state)}>
            <span class="life-mark">
              <Icon name={iconOf(state)} size={16} />
            </span>
            <span>
              <span class="strong">{text.operator.steps[state]}</span>{' '}
              <span class="small soft">{format.dateTime(atMs)}</span>
              {detail !== '' && <span class="small life-detail">{detail}</span>}
            </span>
          </li>
        ))}
        {ahead.map((state) => (
          <li key={state} class="is-ahead">
            <span class="life-mark" />
            <span>{text.operator.steps[state]}</span>
          </li>
        ))}
      </ol>
      {command.observed !== null && <p class="small">{text.operator.observed(format.number(command.observed))}</p>}
    </div>
  );
}

function stepClass(state: CommandState): string {
  if (FAILURES.includes(state)) return 'is-failed';
  return state === 'confirmed' ? 'is-done is-final' : 'is-done';
}

function iconOf(state: CommandState): IconName {
  if (FAILURES.includes(state)) return 'cross';
  return state === 'reverted' ? 'back' : 'check';
}
