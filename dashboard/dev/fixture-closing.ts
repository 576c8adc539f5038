/** The month-end of the fixture community: two meters with gaps, values that can be typed and withdrawn, a swap. */
import * as api from '@commonworks/core/api/index.ts';
import { monthSpan, QUARTER_HOUR_MS } from '@commonworks/core/time.ts';
import { type TSchema, Type } from 'typebox';
import { fixtureMembers, fixturePoints } from './fixture-people.ts';
import { ZONE } from './fixture-world.ts';

type Asked = { readonly id: string; readonly month: string; readonly body: unknown };
type Answered = { readonly status?: number; readonly schema: TSchema; readonly body: unknown };

const DAY_MS = 86_400_000;
const FELIX_GAP = { fromMs: 11 * DAY_MS + 9 * 3_600_000, intervals: 6 };
const DAY_GAP = { fromMs: 17 * DAY_MS, intervals: 130 };
const SUGGESTION_MWH = 1_184_250;

type State = {
  typed: api.SubstitutedSpan[];
  decided: api.RegisterReadiness['decisions'];
  rules: api.GapRule[];
};

export function createClosing(now: () => number): Record<string, (asked: Asked) => Answered> {
  const rule: api.GapRule = { fromMs: 0, method: 'flat', author: null, createdMs: null };
  const state: State = { typed: [], decided: [], rules: [rule] };
  const readiness = (month: string) => ({ schema: api.MonthReadiness, body: monthReadiness(month, state, now()) });
  return {
    'GET /settlements/:month/readiness': ({ month }) => readiness(month),
    'GET /settlements/:month/preview': ({ month }) => ({ schema: api.SettlementPreview, body: preview(month) }),
    'POST /settlements/:month/decisions': ({ month, body }) => {
      const { matters, isAccepted, reason } = body as api.ClosingDecision;
      const made = matters.map((matter) => ({ matter, isAccepted, reason, author: 'Theo', createdMs: now() }));
      state.decided = [...state.decided, ...made];
      return { status: 201, ...readiness(month) };
    },
    'GET /metering-points/:id/substitutes/suggestions': () => ({
      schema: Type.Array(api.SubstituteSuggestion),
      body: suggestions(),
    }),
    'POST /metering-points/:id/substitutes': ({ id, body }) => {
      const request = body as api.SubstituteRequest;
      const { fromMs, toMs, reason, value } = request;
      const energyMwh = 'energyMwh' in value ? value.energyMwh : 0;
      const intervals = (toMs - fromMs) / QUARTER_HOUR_MS;
      const act = { id: `typed-${state.typed.length + 1}`, fromMs, toMs, energyMwh, intervals, reason };
      state.typed = [...state.typed, { ...act, author: 'Theo', createdMs: now() }];
      return { status: 201, schema: api.Substitute, body: substitute(id, state.typed.at(-1), request) };
    },
    'POST /substitutes/:id/withdraw': ({ id }) => {
      const gone = state.typed.find((one) => one.id === id);
      state.typed = state.typed.filter((one) => one.id !== id);
      return { schema: api.Substitute, body: substitute('AT009000000000000000006', gone, undefined) };
    },
    'GET /gap-rules': () => ({ schema: Type.Array(api.GapRule), body: state.rules }),
    'POST /gap-rules': ({ body }) => {
      const { method, month: from } = body as api.GapRuleRequest;
      const { fromMs } = monthSpan(from, ZONE);
      state.rules = [{ fromMs, method, author: 'Theo', createdMs: now() }, ...state.rules];
      return { status: 201, schema: Type.Array(api.GapRule), body: state.rules };
    },
    'POST /metering-points/:id/swaps': ({ body }) => ({
      status: 201,
      schema: Type.Array(api.MeterSwap),
      body: swapsOf(body as api.SwapRequest, now()),
    }),
  };
}

function monthReadiness(month: string, state: State, nowMs: number): api.MonthReadiness {
  const { fromMs, toMs } = monthSpan(month, ZONE);
  const names = new Map(fixtureMembers().map(({ id, name }) => [id, name]));
  const registers = fixturePoints()
    .filter(({ role }) => role !== 'grid')
    .map((point, index) => {
      const whole = wholeRegister(point, { fromMs, toMs, owner: names.get(point.member ?? '') ?? null });
      if (index === 7) return withGap(whole, { fromMs, state });
      return index === 4 ? withEstimate(whole, fromMs) : whole;
    });
  const isOver = nowMs >= toMs;
  const isReady = isOver && registers.every(({ open }) => open.length === 0);
  return { month, fromMs, toMs, isOver, version: 0, isReady, registers };
}

function wholeRegister(
  point: api.MeteringPoint,
  of: { fromMs: number; toMs: number; owner: string | null },
): api.RegisterReadiness {
  const expected = (of.toMs - of.fromMs) / QUARTER_HOUR_MS;
  return {
    ...{ point: point.id, pointName: point.name, role: point.role, owner: of.owner, newestMs: of.toMs + DAY_MS },
    register: point.role === 'producer' ? 'exportedWh' : 'importedWh',
    ...{ expected, measured: expected, estimated: 0, placed: 0, substituted: 0, missing: 0 },
    ...{ missingSpans: [], placedSpans: [], substitutes: [], unplaced: [], decisions: [], open: [] },
  };
}

/** Six quarter hours are missing, and the register says what passed in them. */
function withGap(whole: api.RegisterReadiness, of: { fromMs: number; state: State }): api.RegisterReadiness {
  const { typed, decided } = of.state;
  const { intervals } = FELIX_GAP;
  const fromMs = of.fromMs + FELIX_GAP.fromMs;
  const gap = { fromMs, toMs: fromMs + intervals * QUARTER_HOUR_MS };
  const isTyped = typed.length > 0;
  const substitutedMwh = typed.reduce((sum, { energyMwh }) => sum + energyMwh, 0);
  const unplaced = { ...gap, energyMwh: SUGGESTION_MWH, substitutedMwh, remainingMwh: SUGGESTION_MWH - substitutedMwh };
  const matters: api.RegisterReadiness['open'] = [
    ...(isTyped ? [] : ['missing' as const]),
    ...(unplaced.remainingMwh === 0 ? [] : ['unplaced' as const]),
  ];
  return {
    ...whole,
    ...{ measured: whole.expected - intervals, missing: isTyped ? 0 : intervals, substituted: isTyped ? intervals : 0 },
    missingSpans: isTyped ? [] : [{ ...gap, intervals }],
    unplaced: [{ ...unplaced, reason: null }],
    ...{ substitutes: typed, decisions: decided },
    open: matters.filter((matter) => decided.findLast((one) => one.matter === matter)?.isAccepted !== true),
  };
}

function withEstimate(whole: api.RegisterReadiness, monthMs: number): api.RegisterReadiness {
  const { intervals } = DAY_GAP;
  const fromMs = monthMs + DAY_GAP.fromMs;
  return {
    ...whole,
    ...{ measured: whole.expected - intervals, estimated: intervals, placed: intervals },
    placedSpans: [{ fromMs, toMs: fromMs + intervals * QUARTER_HOUR_MS, intervals }],
    decisions: [
      {
        ...{ matter: 'estimated', isAccepted: true, reason: 'The cabinet was rebuilt that day', author: 'Theo' },
        createdMs: fromMs + 20 * DAY_MS,
      },
    ],
  };
}

function suggestions(): api.SubstituteSuggestion[] {
  return [
    {
      ...{ energyMwh: SUGGESTION_MWH, spread: 'day-before' },
      basis:
        'The register itself counted 1.184250 kWh in this time that stand in no quarter hour; spread as the days before went.',
    },
    {
      ...{ energyMwh: 1_092_000, spread: 'load-curve' },
      basis:
        'What the 8 other meters of this kind together counted in this time, times what this one was of them in the week before: 11.2 %.',
    },
  ];
}

function preview(month: string): api.SettlementPreview {
  const sums = { usedMwh: 214_350_120, allocatedMwh: 121_007_431, givenMwh: 0, amountMinor: 1_755 };
  const members = fixtureMembers()
    .filter(({ leftMs }) => leftMs === null)
    .map(({ id, name }) => ({ member: id, name, ...sums }));
  return {
    ...{ month, reasons: [], productionMwh: 4_211_904_112, allocatedMwh: 2_604_331_790, surplusMwh: 1_607_572_322 },
    members: [...members, { member: null, name: null, ...sums, amountMinor: 0 }],
  };
}

function substitute(
  point: string,
  act: api.SubstitutedSpan | undefined,
  request: api.SubstituteRequest | undefined,
): api.Substitute {
  const none = { fromMs: 0, toMs: 0, energyMwh: 0, intervals: 0, reason: '', author: 'Theo', createdMs: 0, id: '' };
  const value = request?.value;
  const spread = value !== undefined && 'spread' in value ? value.spread : 'flat';
  return { ...(act ?? none), point, register: 'importedWh', spread, superseded: 0, withdrawal: null };
}

function swapsOf(request: api.SwapRequest, nowMs: number): api.MeterSwap[] {
  const { timeMs, oldSerial, newSerial, reason } = request;
  return request.registers.map(({ register, finalMwh, firstMwh }) => ({
    ...{ timeMs, register, finalMwh, firstMwh, oldSerial, newSerial, reason, author: 'Ada', createdMs: nowMs },
  }));
}

/** What a settled statement says of a gap in its month. */
export function fixtureAccount(month: string): api.RegisterAccount {
  const fromMs = monthSpan(month, ZONE).fromMs + FELIX_GAP.fromMs;
  const gap = { fromMs, toMs: fromMs + FELIX_GAP.intervals * QUARTER_HOUR_MS };
  const typed = { ...gap, intervals: FELIX_GAP.intervals, energyMwh: 900_000, createdMs: gap.toMs + 20 * DAY_MS };
  return {
    ...{ point: 'home', pointName: 'AT009000000000000000001', register: 'importedWh' },
    substitutes: [{ id: 'typed', ...typed, reason: 'Read off by Theo before and after', author: 'Theo' }],
    unplaced: [{ ...gap, energyMwh: 1_184_250, substitutedMwh: 900_000, remainingMwh: 284_250, reason: null }],
  };
}
