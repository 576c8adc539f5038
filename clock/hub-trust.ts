/** What the hub's time is worth at a moment, from what is known: pure, so that any course of days can be tried. */
import type { HubTimeSource, HubTimeState, TimeConfirmation } from '@commonworks/core';
import { HUB_ERROR_MAX_MS } from '@commonworks/core';

/** A time known at one moment of the kernel's life; it goes on by elapsed time, whatever happens to the wall clock. */
export type Anchor = {
  readonly source: 'system' | 'confirmed' | 'chip';
  readonly atMs: number;
  readonly upMs: number;
  readonly errorMs: number;
  /** By how much true time runs faster than elapsed time, parts per million, and how far that may be wrong. */
  readonly ratePpm: number;
  readonly ratePpmError: number;
};

export type Moment = { readonly wallMs: number; readonly upMs: number };

/** A board's crystal that nobody measured: typical ones are within 20 to 50, in a hot cupboard more. */
export const DRIFT_MAX_PPM = 100;
/** What a measured drift may change by with temperature and age. */
export const DRIFT_LEFT_PPM = 5;
/** Shorter spans tell no drift: a second of error over an hour is 278 ppm. */
const SPAN_MIN_MS = 3_600_000;
/** More than this is no crystal: one of the two confirmations was wrong. */
const RATE_MAX_PPM = 500;
/** What nobody states of a time service's or a host's clock. */
const STATED_ERROR_MS = 100;

/** The host, or a demo: its clock is taken as it is. */
export function assumedState(source: 'host' | 'demo', { wallMs }: Moment): HubTimeState {
  const errorMs = source === 'demo' ? 0 : STATED_ERROR_MS;
  return { ...{ nowMs: wallMs, isTrusted: true, source, errorMs }, correctionMs: 0, measuredMs: wallMs, untilMs: null };
}

export function systemAnchor({ wallMs, upMs }: Moment, errorMs: number | null): Anchor {
  const rate = { ratePpm: 0, ratePpmError: DRIFT_MAX_PPM };
  return { source: 'system', atMs: wallMs, upMs, errorMs: errorMs ?? STATED_ERROR_MS, ...rate };
}

/** The newest confirmation of this life of the kernel; an earlier one, long enough before, tells the drift since. */
export function confirmedAnchor(confirmations: readonly TimeConfirmation[], boot: string): Anchor | null {
  const own = confirmations.filter((one) => one.boot === boot);
  const last = own.at(-1);
  if (last === undefined) return null;
  const first = own.find((one) => last.upMs - one.upMs >= SPAN_MIN_MS);
  return { source: 'confirmed', atMs: last.atMs, upMs: last.upMs, errorMs: last.errorMs, ...rateBetween(first, last) };
}

function rateBetween(first: TimeConfirmation | undefined, last: TimeConfirmation) {
  const unknown = { ratePpm: 0, ratePpmError: DRIFT_MAX_PPM };
  if (first === undefined) return unknown;
  const spanMs = last.upMs - first.upMs;
  const ratePpm = ((last.atMs - first.atMs - spanMs) / spanMs) * 1e6;
  const ratePpmError = ((first.errorMs + last.errorMs) / spanMs) * 1e6 + DRIFT_LEFT_PPM;
  return Math.abs(ratePpm) <= RATE_MAX_PPM && ratePpmError < DRIFT_MAX_PPM ? { ratePpm, ratePpmError } : unknown;
}

/** Somebody confirmed another time after it was measured, further off than both can be: it was wrong from the start. */
export function isRefuted(measured: Anchor | null, later: Anchor | null): boolean {
  if (measured === null || later === null || later.upMs <= measured.upMs) return false;
  const carriedMs = measured.atMs + (later.upMs - measured.upMs);
  return Math.abs(later.atMs - carriedMs) > later.errorMs + errorAt(measured, later.upMs);
}

/** Of several anchors the one whose bound is least now; without one the machine's clock, untrusted. */
export function hubState(anchors: readonly Anchor[], now: Moment): HubTimeState {
  const best = anchors.map((anchor) => ({ anchor, errorMs: errorAt(anchor, now.upMs) })).sort(byError)[0];
  if (best === undefined) return untrusted(now);
  const { anchor, errorMs } = best;
  const elapsedMs = now.upMs - anchor.upMs;
  const nowMs = anchor.atMs + elapsedMs * (1 + anchor.ratePpm / 1e6);
  const leftMs = ((HUB_ERROR_MAX_MS - errorMs) / anchor.ratePpmError) * 1e6;
  return {
    ...{ nowMs, isTrusted: errorMs <= HUB_ERROR_MAX_MS, errorMs, correctionMs: nowMs - now.wallMs },
    source: anchor.source satisfies HubTimeSource,
    measuredMs: anchor.atMs,
    untilMs: Math.round(nowMs + leftMs),
  };
}

function errorAt(anchor: Anchor, upMs: number): number {
  return anchor.errorMs + (Math.abs(upMs - anchor.upMs) * anchor.ratePpmError) / 1e6;
}

function byError(a: { errorMs: number }, b: { errorMs: number }): number {
  return a.errorMs - b.errorMs;
}

function untrusted({ wallMs }: Moment): HubTimeState {
  const nothing = { errorMs: null, correctionMs: 0, measuredMs: null, untilMs: null };
  return { nowMs: wallMs, isTrusted: false, source: 'none', ...nothing };
}
