/** The exchange of a meter: what both showed, when, and what reads the new one, so that no quarter hour is lost. */
import type { Device, MeteringPoint, SwapRequest } from '@commonworks/core/api/index.ts';
import { localDay, localTime, localToUtc } from '@commonworks/core/time.ts';
import { useState } from 'preact/hooks';
import { ApiError } from '../api/api-error.ts';
import { REASON } from '../closing/reason-form.tsx';
import { parseTypedKwh, TYPED_KWH } from '../format/parse-kwh.ts';
import { deviceKey } from '../operator/device-key.ts';
import { useApp } from '../state/app.ts';
import { useAction } from '../state/use-action.ts';
import { text } from '../text/text.ts';
import { Choice, TextField } from '../ui/field.tsx';
import { Refusal } from '../ui/states.tsx';
import { DeviceChoice, deviceRef } from './device-choice.tsx';

export type SwapMeterProps = {
  /** Those that have a meter now. */
  readonly points: readonly MeteringPoint[];
  readonly devices: readonly Device[];
  readonly onSwapped: () => void;
};

type Register = SwapRequest['registers'][number]['register'];
const REGISTERS: Readonly<Record<MeteringPoint['role'], readonly Register[]>> = {
  ...{ consumer: ['importedWh'], workshop: ['importedWh'], producer: ['exportedWh'] },
  ...{ storage: ['importedWh', 'exportedWh'], grid: ['importedWh', 'exportedWh'] },
};
const EMPTY = { time: '', oldSerial: '', newSerial: '', reason: '', device: '' };
const SERIAL = { maxLength: 64 };
const words = text.closing.swap;

/** By `register/final` and `register/first`, as typed. */
type Figures = Readonly<Record<string, string>>;

export function SwapMeter({ points, devices, onSwapped }: SwapMeterProps) {
  const { api, format, live, announce } = useApp();
  const [picked, setPoint] = useState('');
  const [typed, setTyped] = useState(EMPTY);
  const [figures, setFigures] = useState<Figures>({});
  const { isBusy, error, run } = useAction();
  const point = points.find(({ id }) => id === picked) ?? points[0];
  if (point === undefined) return null;
  const now = `${localDay(live.nowMs(), format.zone)}T${localTime(live.nowMs(), format.zone)}`;
  const device = typed.device === '' ? currentDevice(point, devices) : typed.device;
  const change = (key: keyof typeof EMPTY) => (value: string) => setTyped({ ...typed, [key]: value });
  const record = (event: Event) => {
    event.preventDefault();
    return run(async () => {
      const ref = deviceRef(device) ?? { edge: '', device: '' };
      const timeMs = utcOf(typed.time === '' ? now : typed.time, format.zone);
      const { oldSerial, newSerial, reason } = typed;
      const registers = registersOf(point, figures);
      await api.swapMeter(point.id, { timeMs, ...ref, oldSerial, newSerial, reason: reason.trim(), registers });
      announce(words.done(point.name));
      setTyped(EMPTY);
      setFigures({});
      onSwapped();
    });
  };
  return (
    <form class="stack" onSubmit={record}>
      <p class="small soft">{words.help}</p>
      <Choice
        label={text.people.meteringPoints}
        value={point.id}
        options={points.map(({ id, name }) => [id, name])}
        choose={setPoint}
      />
      <TextField
        label={words.when}
        value={typed.time === '' ? now : typed.time}
        change={change('time')}
        input={{ type: 'datetime-local', max: now }}
      />
      <TextField label={words.oldSerial} value={typed.oldSerial} change={change('oldSerial')} input={SERIAL} />
      <TextField label={words.newSerial} value={typed.newSerial} change={change('newSerial')} input={SERIAL} />
      <RegisterFields registers={REGISTERS[point.role]} figures={figures} change={setFigures} />
      <DeviceChoice label={words.reads} devices={devices} value={device} choose={change('device')} />
      <TextField label={words.why} value={typed.reason} change={change('reason')} input={REASON} />
      <Refusal error={error} />
      <button type="submit" class="button is-main" disabled={isBusy}>
        {words.record}
      </button>
    </form>
  );
}

type RegisterFieldsProps = {
  readonly registers: readonly Register[];
  readonly figures: Figures;
  readonly change: (figures: Figures) => void;
};

function RegisterFields({ registers, figures, change }: RegisterFieldsProps) {
  return registers.flatMap((register) =>
    (['final', 'first'] as const).map((which) => (
      <TextField
        key={`${register}${which}`}
        label={words[which][register]}
        value={figures[`${register}/${which}`] ?? ''}
        change={(value) => change({ ...figures, [`${register}/${which}`]: value })}
        input={{ ...TYPED_KWH, title: text.closing.kwhWrong }}
      />
    )),
  );
}

/** Of an hour that comes twice, the first. @throws ApiError for a time that the clock leaves out. */
function utcOf(local: string, zone: string): number {
  const timeMs = localToUtc(local, zone);
  if (timeMs !== null) return timeMs;
  throw new ApiError({ code: 'http.request-invalid', status: 0, detail: words.noTime, remedy: '' });
}

/** What reads the old meter usually reads the new one. */
function currentDevice(point: MeteringPoint, devices: readonly Device[]): string {
  const current = point.assignments.find(({ toMs }) => toMs === null);
  const known = devices.find(({ edge, device }) => edge === current?.edge && device === current.device);
  return deviceKey(known ?? devices[0] ?? { edge: '', device: '' });
}

function registersOf(point: MeteringPoint, figures: Figures): SwapRequest['registers'] {
  const read = (register: Register, which: string) => parseTypedKwh(figures[`${register}/${which}`] ?? '') ?? 0;
  return REGISTERS[point.role].map((register) => ({
    register,
    finalMwh: read(register, 'final'),
    firstMwh: read(register, 'first'),
  }));
}
