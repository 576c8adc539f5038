/** For those who keep it running: alarms with remedies, devices, a command and its life. */
import type { Alarm, Device } from '@commonworks/core/api/index.ts';
import { ChecksCard } from '../audit/checks-card.tsx';
import { overlay } from '../live/live-store.ts';
import { AlarmList } from '../operator/alarm-list.tsx';
import { BackupCard } from '../operator/backup-card.tsx';
import { ClocksCard } from '../operator/clocks-card.tsx';
import { CommandForm } from '../operator/command-form.tsx';
import { CommandList } from '../operator/command-list.tsx';
import { deviceKey } from '../operator/device-key.ts';
import { DeviceList } from '../operator/device-list.tsx';
import { hasRole, useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Answer } from '../ui/figure.tsx';
import { Empty, Loaded } from '../ui/states.tsx';

export function OperatorPage() {
  const { api, live, me } = useApp();
  const generation = live.generation.value;
  const devices = useResource((signal) => api.devices({ signal }), [generation]);
  const alarms = useResource((signal) => api.alarms({ signal }), [generation]);
  const commands = useResource((signal) => api.commands({ signal }), [generation]);
  return (
    <Loaded resource={devices}>
      {(list) => {
        const all = overlay(list, live.devices.value, deviceKey);
        return (
          <div class="page">
            <DevicesAnswer devices={all} />
            <section class="stack">
              <h2>{text.operator.alarms}</h2>
              <Loaded resource={alarms}>
                {(known: Alarm[]) => <AlarmList alarms={overlay(known, live.alarms.value, ({ id }) => id)} />}
              </Loaded>
            </section>
            <div class="columns is-wide-left">
              <div class="stack">
                <DeviceList devices={all} />
                <ClocksCard />
              </div>
              <div class="stack">
                {hasRole(me, 'operator') && <CommandForm devices={all} />}
                <section class="card">
                  <h2>{text.operator.recent}</h2>
                  <Loaded resource={commands}>
                    {(known) => (
                      <CommandList commands={overlay(known, live.commands.value, ({ id }) => id)} devices={all} />
                    )}
                  </Loaded>
                </section>
                <ChecksCard />
                <BackupCard />
              </div>
            </div>
          </div>
        );
      }}
    </Loaded>
  );
}

function DevicesAnswer({ devices }: { devices: readonly Device[] }) {
  if (devices.length === 0) {
    return <Empty icon="operator" title={text.operator.emptyTitle} body={text.operator.empty} />;
  }
  const online = devices.filter(({ state, isStale }) => state === 'online' && !isStale).length;
  if (online === devices.length) {
    return <Answer sentence={text.operator.answerGood(online)} mark={text.operator.answerGoodMark(online)} />;
  }
  const sentence = text.operator.answerSome(online, devices.length);
  return <Answer sentence={sentence} mark={text.operator.answerSomeMark(online, devices.length)} />;
}
