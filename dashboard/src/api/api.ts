/** The calls of the HTTP API, typed by the shapes of core. */

import type {
  AssignmentRequest,
  EdgeSecret,
  MachineRequest,
  PointChange,
  PointRequest,
  SettlementRequest,
  ShareCount,
  ShareIssue,
  TariffRecord,
  TariffRequest,
} from '@commonworks/core/api/admin.ts';
import type {
  Alarm,
  BackupState,
  BadgeRecord,
  Booking,
  BookingRequest,
  Clocks,
  ClosingDecision,
  CommandRecord,
  CommandRequest,
  Community,
  ConfirmTimeRequest,
  Device,
  Edge,
  EnergyDay,
  Flow,
  GapRule,
  GapRuleRequest,
  InviteLink,
  Machine,
  Me,
  Member,
  MemberChange,
  MemberRequest,
  MemberShare,
  MeteringPoint,
  MeterSwap,
  MonthReadiness,
  Role,
  Session,
  Settlement,
  SettlementPreview,
  ShareInterval,
  ShareTransferRequest,
  Statement,
  StatementSummary,
  Substitute,
  SubstituteRequest,
  SubstituteSuggestion,
  SwapRequest,
  UnknownBadge,
} from '@commonworks/core/api/index.ts';
import type { AuditState } from '@commonworks/core/audit/invariants.ts';
import type { Static } from 'typebox';
import { type Call, type Fetch, request } from './http.ts';

export const API_BASE = '/api/v1';
/** What a page asked for may be thrown away when the page goes: hence the signal. */
export type Options = { readonly signal?: AbortSignal };
export type LedgerHead = { readonly seq: number; readonly hash: string };
export type Invited = { readonly member: Member; readonly url: string; readonly expiresMs: number };
export type Tariff = Static<typeof TariffRecord>;
export type Shares = Static<typeof ShareCount>;
export type NewTariff = Static<typeof TariffRequest>;
export type NewPoint = Static<typeof PointRequest>;
export type PointUpdate = Static<typeof PointChange>;
export type NewMachine = Static<typeof MachineRequest>;
export type Assignment = Static<typeof AssignmentRequest>;
export type Enrolled = Static<typeof EdgeSecret>;
export type Missing = NonNullable<Static<typeof SettlementRequest>['missing']>;
export type LinkInfo = {
  readonly purpose: 'setup' | 'invite' | 'reset';
  readonly name: string | null;
  readonly email: string | null;
  readonly expiresMs: number;
};
export type Accept = {
  readonly token: string;
  readonly password: string;
  readonly name?: string;
  readonly email?: string;
};
export type Accepted = { readonly member: string; readonly email: string };
export type Api = ReturnType<typeof createApi>;

export function createApi(fetcher: Fetch) {
  const get = <T>(path: string, options: Options = {}) => request(fetcher, API_BASE + path, options) as Promise<T>;
  const send = <T>(method: Method, path: string, call: Call = {}) =>
    request(fetcher, API_BASE + path, { ...call, method }) as Promise<T>;
  const id = encodeURIComponent;
  return {
    community: (options?: Options) => get<Community>('/community', options),
    me: (options?: Options) => get<Me>('/me', options),
    flow: (options?: Options) => get<Flow>('/flow', options),
    flowDay: (day: string, options?: Options) => get<EnergyDay>(`/flow/day?day=${day}`, options),
    share: (member: string, day: string, options?: Options) =>
      get<MemberShare>(`/members/${id(member)}/share?day=${day}`, options),
    ...workshopCalls(get, send),
    ...statementCalls(get, send),
    ...closingCalls(get, send),
    ...operatorCalls(get, send),
    ...peopleCalls(get, send),
    ...membershipCalls(get, send),
    signIn: (email: string, password: string) =>
      request(fetcher, '/api/auth/sign-in/email', { method: 'POST', body: { email, password } }),
    signOut: () => request(fetcher, '/api/auth/sign-out', { method: 'POST', body: {} }),
    link: (token: string, { signal }: Options = {}) =>
      send<LinkInfo>('POST', '/auth/link', { body: { token }, ...(signal === undefined ? {} : { signal }) }),
    accept: (body: Accept) => send<Accepted>('POST', '/auth/accept', { body }),
  };
}

type Get = <T>(path: string, options?: Options) => Promise<T>;
type Method = NonNullable<Call['method']>;
type Send = <T>(method: Method, path: string, call?: Call) => Promise<T>;
const id = encodeURIComponent;

function workshopCalls(get: Get, send: Send) {
  return {
    machines: (options?: Options) => get<Machine[]>('/machines', options),
    bookings: (machine: string, span: { fromMs: number; toMs: number }, options?: Options) =>
      get<Booking[]>(`/machines/${id(machine)}/bookings?fromMs=${span.fromMs}&toMs=${span.toMs}`, options),
    book: (body: BookingRequest) => send<Booking>('POST', '/bookings', { body }),
    cancelBooking: (booking: string) => send<unknown>('DELETE', `/bookings/${id(booking)}`),
    myBookings: (member: string, options?: Options) => get<Booking[]>(`/members/${id(member)}/bookings`, options),
    mySessions: (member: string, options?: Options) => get<Session[]>(`/members/${id(member)}/sessions`, options),
    startSession: (machine: string) => send<Session>('POST', `/machines/${id(machine)}/sessions`, { body: {} }),
    endSession: (machine: string) => send<Session>('DELETE', `/machines/${id(machine)}/sessions`),
  };
}

function statementCalls(get: Get, send: Send) {
  const base = (member: string, month: string) => `/members/${id(member)}/statements/${id(month)}`;
  return {
    statements: (member: string, options?: Options) =>
      get<StatementSummary[]>(`/members/${id(member)}/statements`, options),
    statement: (member: string, month: string, options?: Options) => get<Statement>(base(member, month), options),
    intervals: (at: { member: string; month: string; day: string }, options?: Options) =>
      get<ShareInterval[]>(`${base(at.member, at.month)}/intervals?day=${at.day}`, options),
    intervalsCsvUrl: (member: string, month: string) => `${API_BASE}${base(member, month)}/intervals.csv`,
    settlements: (options?: Options) => get<Settlement[]>('/settlements', options),
    settle: (body: Static<typeof SettlementRequest>) => send<Settlement>('POST', '/settlements', { body }),
    tariffs: (options?: Options) => get<Tariff[]>('/tariffs', options),
    shares: (options?: Options) => get<Shares>('/shares', options),
    issueShares: (body: Static<typeof ShareIssue>) => send<Shares>('POST', '/shares', { body }),
    addTariff: (body: NewTariff) => send<Tariff>('POST', '/tariffs', { body }),
    ledgerExportUrl: `${API_BASE}/ledger/export`,
    ledgerHead: (options?: Options) => get<LedgerHead>('/ledger/head', options),
  };
}

function closingCalls(get: Get, send: Send) {
  return {
    readiness: (month: string, options?: Options) =>
      get<MonthReadiness>(`/settlements/${id(month)}/readiness`, options),
    previewMonth: (month: string, options?: Options) =>
      get<SettlementPreview>(`/settlements/${id(month)}/preview`, options),
    decideGap: (month: string, body: ClosingDecision) =>
      send<MonthReadiness>('POST', `/settlements/${id(month)}/decisions`, { body }),
    suggestions: (point: string, gap: Pick<SubstituteRequest, 'register' | 'fromMs' | 'toMs'>, options?: Options) =>
      get<SubstituteSuggestion[]>(
        `/metering-points/${id(point)}/substitutes/suggestions?register=${gap.register}&fromMs=${gap.fromMs}&toMs=${gap.toMs}`,
        options,
      ),
    typeValues: (point: string, body: SubstituteRequest) =>
      send<Substitute>('POST', `/metering-points/${id(point)}/substitutes`, { body }),
    withdrawValues: (act: string, reason: string) =>
      send<Substitute>('POST', `/substitutes/${id(act)}/withdraw`, { body: { reason } }),
    gapRules: (options?: Options) => get<GapRule[]>('/gap-rules', options),
    setGapRule: (body: GapRuleRequest) => send<GapRule[]>('POST', '/gap-rules', { body }),
    swapMeter: (point: string, body: SwapRequest) =>
      send<MeterSwap[]>('POST', `/metering-points/${id(point)}/swaps`, { body }),
  };
}

function operatorCalls(get: Get, send: Send) {
  return {
    devices: (options?: Options) => get<Device[]>('/devices', options),
    alarms: (options?: Options) => get<Alarm[]>('/alarms', options),
    audit: (options?: Options) => get<AuditState>('/audit', options),
    backup: (options?: Options) => get<BackupState>('/backup', options),
    clocks: (options?: Options) => get<Clocks>('/clocks', options),
    confirmTime: (body: ConfirmTimeRequest) => send<Clocks>('POST', '/clocks/confirmations', { body }),
    commands: (options?: Options) => get<CommandRecord[]>('/commands', options),
    /** The same key twice is one command: a double tap or a retry cannot send it twice. */
    command: (body: CommandRequest, idempotencyKey: string) =>
      send<CommandRecord>('POST', '/commands', { body, headers: { 'idempotency-key': idempotencyKey } }),
  };
}

function peopleCalls(get: Get, send: Send) {
  return {
    members: (options?: Options) => get<Member[]>('/members', options),
    addMember: (body: MemberRequest) => send<Invited>('POST', '/members', { body }),
    invite: (member: string) => send<InviteLink>('POST', `/members/${id(member)}/invite`, { body: {} }),
    resetLink: (member: string) => send<InviteLink>('POST', `/members/${id(member)}/reset-link`, { body: {} }),
    edges: (options?: Options) => get<Edge[]>('/edges', options),
    addPoint: (body: NewPoint) => send<MeteringPoint>('POST', '/metering-points', { body }),
    assign: (point: string, body: Assignment) =>
      send<MeteringPoint>('POST', `/metering-points/${id(point)}/assignments`, { body }),
    changePoint: (point: string, body: PointUpdate) =>
      send<MeteringPoint>('PATCH', `/metering-points/${id(point)}`, { body }),
    enrol: (name: string) => send<Enrolled>('POST', '/edges', { body: { name } }),
    addMachine: (body: NewMachine) => send<{ id: string }>('POST', '/machines', { body }),
    meteringPoints: (options?: Options) => get<MeteringPoint[]>('/metering-points', options),
  };
}

function membershipCalls(get: Get, send: Send) {
  return {
    changeMember: (member: string, body: MemberChange) => send<Member>('PATCH', `/members/${id(member)}`, { body }),
    setRoles: (member: string, roles: readonly Role[]) =>
      send<Member>('PUT', `/members/${id(member)}/roles`, { body: { roles } }),
    leave: (member: string) => send<Member>('POST', `/members/${id(member)}/leave`, { body: {} }),
    /** The same key twice is one transfer. */
    moveShares: (body: ShareTransferRequest, idempotencyKey: string) =>
      send<Shares>('POST', '/shares/transfers', { body, headers: { 'idempotency-key': idempotencyKey } }),
    badges: (options?: Options) => get<BadgeRecord[]>('/badges', options),
    unknownBadges: (options?: Options) => get<UnknownBadge[]>('/badges/unknown', options),
    giveBadge: (badge: string, member: string) => send<BadgeRecord>('POST', '/badges', { body: { badge, member } }),
    takeBadge: (badge: string) => send<BadgeRecord>('POST', `/badges/${badge}/revoke`, { body: {} }),
    revokeEdge: (edge: string) => send<Edge>('POST', `/edges/${id(edge)}/revoke`, { body: {} }),
    enableEdge: (edge: string) => send<Edge>('POST', `/edges/${id(edge)}/enable`, { body: {} }),
  };
}
