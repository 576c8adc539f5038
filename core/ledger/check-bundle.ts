/** Checks an export line by line, from nothing but itself: chain, shares, postings; and an earlier head, if one is given. */
import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { type Canonical, canonicalJson } from '../canonical-json.ts';
import { BUNDLE_LINE, BUNDLE_LINE_MAX, type BundleLine } from './bundle.ts';
import { EMPTY_HEAD, GENESIS_HASH, type LedgerHead, linkHash } from './chain.ts';
import { BundleFault, createRunCheck, type RunCheck } from './check-runs.ts';
import { type IntervalCounts, noIntervals } from './count-intervals.ts';
import { entryFault, type LedgerEntry, type Sha256 } from './entry.ts';
import { sessionEntry } from './session-entry.ts';

export { BundleFault } from './check-runs.ts';

export type BundleVerdict = {
  /** `anchored`: consistent, and the head given is part of its chain. `consistent`: origin unproven. */
  readonly verdict: 'anchored' | 'consistent' | 'broken';
  /** The first line at fault, from 1. */
  readonly fault: { readonly line: number; readonly message: string } | null;
  readonly community: string | null;
  readonly head: LedgerHead;
  readonly entries: number;
  readonly runs: number;
  /** How the settled values came about, of the newest version of every month. */
  readonly intervals: IntervalCounts;
  /** Position of the entry whose hash is the head that was given. */
  readonly anchor: number | null;
};

export type BundleCheck = {
  /** @throws BundleFault */
  readonly line: (text: string) => void;
  readonly verdict: (fault?: BundleFault) => BundleVerdict;
};

type State = {
  line: number;
  rolling: string;
  opening: BundleLine<'head'> | null;
  runs: RunCheck | null;
  expected: Map<string, string> | null;
  seen: Set<string>;
  head: LedgerHead;
  anchor: number | null;
  isEnded: boolean;
};

export function createBundleCheck(options: { sha256: Sha256; head?: string | undefined }): BundleCheck {
  const { sha256 } = options;
  const state: State = {
    line: 0,
    rolling: GENESIS_HASH,
    opening: null,
    runs: null,
    expected: null,
    seen: new Set(),
    head: EMPTY_HEAD,
    anchor: options.head === GENESIS_HASH ? 0 : null,
    isEnded: false,
  };
  const line = (text: string) => {
    state.line++;
    const value = parseCanonical(text, state.line);
    if (state.isEnded) throw new BundleFault(state.line, 'something follows the last line');
    if (typeof value === 'object' && value !== null && 'end' in value)
      endBundle(state, expectLine(value, 'end', state.line));
    else {
      takeLine(state, value, options);
      state.rolling = sha256(`${state.rolling}\n${text}`);
    }
  };
  const verdict = (fault?: BundleFault): BundleVerdict => {
    const found = fault ?? closingFault(state, options.head);
    const sound = options.head === undefined ? 'consistent' : 'anchored';
    return {
      verdict: found === null ? sound : 'broken',
      fault: found === null ? null : { line: found.line, message: found.message },
      community: state.opening?.community ?? null,
      head: state.head,
      entries: state.head.position,
      runs: state.runs?.count() ?? 0,
      intervals: state.runs?.intervals() ?? noIntervals(),
      anchor: state.anchor,
    };
  };
  return { line, verdict };
}

function closingFault(state: State, head: string | undefined): BundleFault | null {
  if (!state.isEnded) return new BundleFault(state.line + 1, 'the bundle is cut off: its last line is missing');
  if (head !== undefined && state.anchor === null) {
    return new BundleFault(
      state.line,
      `no entry has the hash ${head}: this is not the chain that statement was made from`,
    );
  }
  return null;
}

function parseCanonical(text: string, line: number): unknown {
  if (text.length > BUNDLE_LINE_MAX) throw new BundleFault(line, 'the line is longer than a bundle may have');
  try {
    const value = JSON.parse(text) as Canonical;
    if (canonicalJson(value) === text) return value;
  } catch {
    // Falls through: whatever is not the one canonical text of a value is a fault.
  }
  throw new BundleFault(line, 'the line is not canonical JSON');
}

function expectLine<Kind extends keyof typeof BUNDLE_LINE>(value: unknown, kind: Kind, line: number): BundleLine<Kind> {
  const schema: TSchema = BUNDLE_LINE[kind];
  if (Value.Check(schema, value)) return value as Static<(typeof BUNDLE_LINE)[Kind]>;
  const [first] = Value.Errors(schema, value);
  throw new BundleFault(line, `the ${kind} line is wrong: ${first?.instancePath ?? ''} ${first?.message ?? ''}`);
}

function takeLine(state: State, value: unknown, options: { sha256: Sha256; head?: string | undefined }): void {
  const at = state.line;
  if (state.opening === null) {
    state.opening = expectLine(value, 'head', at);
    state.runs = createRunCheck(state.opening.community, options.sha256);
    return;
  }
  const { runs } = state;
  if (runs === null || typeof value !== 'object' || value === null) throw new BundleFault(at, 'the line has no kind');
  const isEntry = 'entry' in value;
  if (!isEntry && state.expected !== null) throw new BundleFault(at, 'only entries may follow entries');
  if (Array.isArray(value)) runs.row(expectLine(value, value.length === 7 ? 'result' : 'input', at), at);
  else if ('day' in value) runs.beginDay(expectLine(value, 'day', at), at);
  else if ('run' in value) runs.beginRun(expectLine(value, 'run', at).run, at);
  else if (isEntry) takeEntry(state, expectLine(value, 'entry', at).entry, options);
  else throw new BundleFault(at, 'the line has no known kind');
}

function takeEntry(
  state: State,
  link: BundleLine<'entry'>['entry'],
  options: { sha256: Sha256; head?: string | undefined },
): void {
  const at = state.line;
  state.expected ??= new Map(state.runs?.finish());
  const body = canonicalJson(link.body);
  if (link.position !== state.head.position + 1 || link.previous !== state.head.hash) {
    throw new BundleFault(at, `entry ${link.position} does not follow entry ${state.head.position}`);
  }
  if (linkHash({ position: link.position, previous: link.previous, body }, options.sha256) !== link.hash) {
    throw new BundleFault(at, `entry ${link.position} was changed: its hash is another`);
  }
  const fault = foundingFault(state, link.body, { body, sha256: options.sha256 });
  if (fault !== null) throw new BundleFault(at, `entry ${link.position} ${fault}`);
  state.seen.add(link.body.id);
  state.expected.delete(link.body.id);
  state.head = { position: link.position, hash: link.hash };
  if (link.hash === options.head) state.anchor = link.position;
}

/** Why an entry's postings do not follow from what the bundle holds, or null. */
function foundingFault(state: State, entry: LedgerEntry, made: { body: string; sha256: Sha256 }): string | null {
  if (entry.community !== state.opening?.community) return 'is of another community';
  if (state.seen.has(entry.id)) return 'was posted before';
  const fault = entryFault(entry);
  if (fault !== null) return `does not balance: ${fault}`;
  if (entry.kind === 'payment') return null;
  if (entry.kind === 'session') {
    const expected = expectedSession(entry, made.sha256);
    return expected === made.body ? null : 'does not follow from the running time and the price it names';
  }
  const expected = state.expected?.get(entry.id);
  if (expected === undefined) return 'is explained by no settlement run';
  return expected === made.body ? null : 'is not what the settlement run gives, worked out again';
}

function expectedSession(entry: LedgerEntry, sha256: Sha256): string | null {
  const { session, machine, member, runningS, pricePerHour } = entry.references;
  const currency = entry.postings[0]?.unit ?? '';
  if (typeof runningS !== 'number' || runningS < 0 || !/^\d{1,9}(\.\d{1,6})?$/.test(String(pricePerHour))) return null;
  const charge = {
    community: entry.community,
    currency,
    session: String(session),
    machine: String(machine),
    member: String(member),
    runningS,
    pricePerHour: String(pricePerHour),
    endMs: entry.timeMs,
  };
  const expected = sessionEntry(charge, entry.period, sha256);
  return expected === null ? null : canonicalJson(expected);
}

function endBundle(state: State, { end }: BundleLine<'end'>): void {
  const at = state.line;
  state.expected ??= new Map(state.runs?.finish());
  const [missing] = state.expected.keys();
  if (missing !== undefined) throw new BundleFault(at, `a settlement run posts entry ${missing}, which is missing`);
  const { opening } = state;
  if (opening?.head.hash !== state.head.hash || opening.head.position !== state.head.position) {
    throw new BundleFault(1, 'the newest entry is not the one the first line names');
  }
  if (end.lines !== at - 1 || end.sha256 !== state.rolling) {
    throw new BundleFault(at, 'the lines are not those the bundle was made of');
  }
  state.isEnded = true;
}
