/** One line of a GRBL controller (1.1, 0.9 and grblHAL) to what it says; total: unknown lines are `other`. */
import type { Activity } from '@commonworks/core';

export type GrblLine =
  | { readonly kind: 'status'; readonly state: string; readonly substate: number | null; readonly activity: Activity }
  | { readonly kind: 'alarm'; readonly code: string }
  | { readonly kind: 'error'; readonly code: string }
  /** A reset happened: position and session are new. */
  | { readonly kind: 'welcome'; readonly version: string }
  | { readonly kind: 'ok' }
  | { readonly kind: 'other' };

/**
 * GRBL 1.1 interface.md, "Real-time Status Reports". Running is what moves by program: a jog is setting up, so the
 * machine is idle; a check run does not move; an open door or a tool change holds the job.
 */
const ACTIVITY_OF_STATE: Readonly<Record<string, Activity>> = {
  Idle: 'idle',
  Run: 'running',
  Home: 'running',
  Hold: 'hold',
  Door: 'hold',
  Tool: 'hold',
  Jog: 'idle',
  Check: 'idle',
  Sleep: 'idle',
  Alarm: 'alarm',
};

// 1.1 separates fields by `|`, 0.9 by `,`; a report may end right after the state.
const STATUS = /^<([A-Za-z]{1,16})(?::(\d{1,3}))?(?:[|,][^<>]*)?>$/;

export function parseGrblLine(line: string): GrblLine {
  if (line === 'ok') return { kind: 'ok' };
  const status = STATUS.exec(line);
  if (status !== null) {
    const [, state = '', substate] = status;
    const activity = Object.hasOwn(ACTIVITY_OF_STATE, state) ? ACTIVITY_OF_STATE[state] : undefined;
    return {
      kind: 'status',
      state,
      substate: substate === undefined ? null : Number(substate),
      activity: activity ?? 'unknown',
    };
  }
  const alarm = /^ALARM:\s*(.{1,80})$/.exec(line);
  if (alarm !== null) return { kind: 'alarm', code: alarm[1] ?? '' };
  const error = /^error:\s*(.{1,80})$/.exec(line);
  if (error !== null) return { kind: 'error', code: error[1] ?? '' };
  const welcome = /^Grbl(?:HAL)? (\S{1,20})/i.exec(line);
  if (welcome !== null) return { kind: 'welcome', version: welcome[1] ?? '' };
  return { kind: 'other' };
}
