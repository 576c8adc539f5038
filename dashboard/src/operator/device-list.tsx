/** Devices by edge: do they answer, when last, how good are the figures; each opens to its values. */
import type { Device } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import type { Hue } from '../ui/badge.tsx';
import { Badge, QualityBadge } from '../ui/badge.tsx';
import { Icon, type IconName } from '../ui/icons.tsx';
import { Scroller } from '../ui/scroller.tsx';
import { valueText } from './value-text.ts';

const LOOKS: Record<Device['state'], { hue: Hue; icon: IconName }> = {
  online: { hue: 'battery', icon: 'check' },
  unreachable: { hue: 'alarm', icon: 'cross' },
  misconfigured: { hue: 'alarm', icon: 'alarm' },
  'edge-offline': { hue: 'neutral', icon: 'off' },
  'never-seen': { hue: 'neutral', icon: 'question' },
};

export function DeviceList({ devices }: { devices: readonly Device[] }) {
  const edges = Map.groupBy(devices, ({ edge }) => edge);
  return (
    <div class="stack">
      {[...edges].map(([edge, own]) => (
        <section key={edge} class="card">
          <EdgeHead devices={own} />
          <ul class="links device-rows">
            {own.map((device) => (
              <DeviceRow key={device.device} device={device} />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function EdgeHead({ devices }: { devices: readonly Device[] }) {
  const backlog = Math.max(0, ...devices.map((device) => device.backlog));
  return (
    <div class="row is-apart">
      <h2>{text.operator.edge(devices[0]?.edgeName ?? '')}</h2>
      {backlog > 0 && <span class="small soft">{text.operator.backlog(backlog)}</span>}
    </div>
  );
}

function DeviceRow({ device }: { device: Device }) {
  const { format } = useApp();
  const { state, isStale, lastSeenMs, reason, quality } = device;
  const seen = lastSeenMs === null ? text.operator.never : format.dateTime(lastSeenMs);
  return (
    <li>
      <details>
        <summary class="device-row">
          <Icon name="chevron" size={16} />
          <span class="device-name">
            <span class="strong">{device.title}</span>
            <span class="small soft mono">{device.device}</span>
          </span>
          <span class="device-state">
            <Badge
              {...LOOKS[state]}
              word={text.operator.state[state]}
              isStale={isStale}
              isQuiet={state === 'online' && !isStale}
            />
            <span class="small soft nowrap">
              {text.operator.lastSeen}: {seen}
            </span>
          </span>
        </summary>
        <div class="stack device-body">
          {reason !== '' && (
            <p class="small">
              <span class="strong">{text.operator.reason}:</span> {reason}
            </p>
          )}
          <div class="row">
            <QualityBadge quality={quality} />
            <span class="small soft mono">{device.profile}</span>
          </div>
          <ValueTable device={device} />
        </div>
      </details>
    </li>
  );
}

function ValueTable({ device }: { device: Device }) {
  const { format } = useApp();
  return (
    <Scroller label={`${text.operator.values}: ${device.title}`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{text.operator.point}</th>
            <th scope="col" class="is-number">
              {text.operator.value}
            </th>
            <th scope="col">{text.operator.quality}</th>
            <th scope="col">{text.operator.time}</th>
          </tr>
        </thead>
        <tbody>
          {device.values.map((value) => (
            <tr key={value.point}>
              <th scope="row">{value.title}</th>
              <td class="is-number">{valueText(value, format)}</td>
              <td>{text.quality[value.quality]}</td>
              <td class="nowrap">{format.dateTime(value.timeMs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroller>
  );
}
