/** The latest commands: who asked for what, why, and how it ended; each opens to its steps. */
import type { CommandRecord, Device } from '@commonworks/core/api/index.ts';
import type { CommandState } from '@commonworks/core/commands.ts';
import type { Format } from '../format/format.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { Badge, type Hue } from '../ui/badge.tsx';
import { Icon, type IconName } from '../ui/icons.tsx';
import { CommandLife } from './command-life.tsx';
import { deviceKey } from './device-key.ts';

const SHOWN_MAX = 10;
const LOOKS: Record<CommandState, { hue: Hue; icon: IconName }> = {
  requested: { hue: 'neutral', icon: 'stale' },
  published: { hue: 'neutral', icon: 'send' },
  accepted: { hue: 'workshop', icon: 'play' },
  written: { hue: 'workshop', icon: 'play' },
  confirmed: { hue: 'battery', icon: 'check' },
  failed: { hue: 'alarm', icon: 'cross' },
  expired: { hue: 'alarm', icon: 'stale' },
  reverted: { hue: 'neutral', icon: 'back' },
};

export type CommandListProps = { readonly commands: readonly CommandRecord[]; readonly devices: readonly Device[] };

export function CommandList({ commands, devices }: CommandListProps) {
  if (commands.length === 0) return <p class="soft">{text.operator.noCommands}</p>;
  const newestFirst = commands.toSorted((a, b) => requestedMs(b) - requestedMs(a)).slice(0, SHOWN_MAX);
  return (
    <ul class="links device-rows">
      {newestFirst.map((command) => (
        <CommandRow key={command.id} command={command} devices={devices} />
      ))}
    </ul>
  );
}

function CommandRow({ command, devices }: { command: CommandRecord; devices: readonly Device[] }) {
  const { format } = useApp();
  const title = devices.find((device) => deviceKey(device) === deviceKey(command))?.title ?? command.device;
  return (
    <li>
      <details>
        <summary class="device-row">
          <Icon name="chevron" size={16} />
          <span class="device-name">
            <span class="strong">{askedText(command, format)}</span>
            <span class="small soft">
              {title}, {format.dateTime(requestedMs(command))}
            </span>
          </span>
          <span class="device-state">
            <Badge {...LOOKS[command.state]} word={text.operator.steps[command.state]} />
          </span>
        </summary>
        <div class="stack device-body">
          <p class="small">
            {command.reason} <span class="soft">({text.operator.by(command.requestedBy)})</span>
          </p>
          <CommandLife command={command} />
        </div>
      </details>
    </li>
  );
}

function askedText({ kind, value }: CommandRecord, format: Format): string {
  const what = text.operator.kinds[kind];
  if (kind === 'setPowerLimitPct' && value !== null) return `${what}: ${format.number(value)} %`;
  if (kind === 'setRelay') return `${what}: ${value === 1 ? text.operator.relayOn : text.operator.relayOff}`;
  return what;
}

function requestedMs({ steps }: CommandRecord): number {
  return steps[0]?.atMs ?? 0;
}
