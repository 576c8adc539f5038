/** One setpoint that a flow holds: it asks when the value changes or its lease is half spent, and never in bursts. */
import type { Clock, Result } from '@commonworks/core';
import { refuse } from '@commonworks/core';
import type { CommandRecord, CommandRequest } from '@commonworks/core/api/index.ts';
import type { AskForCommand } from './ask-for-command.ts';

export type SetpointConfig = {
  /** Empty: the one edge that has the device. */
  readonly edge: string;
  readonly device: string;
  readonly kind: CommandRequest['kind'];
  /** How long the setpoint holds when the flow goes silent; then the device goes back by itself. */
  readonly seconds: number;
  readonly reason: string;
};

export type SetpointOutcome =
  | { readonly kind: 'asked'; readonly record: CommandRecord }
  /** The same value is in force and its lease is young: nothing to do. */
  | { readonly kind: 'held' }
  /** Too soon after the last request, or one is under way; a later message will bring the newest value. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string };

/** Between two requests for one setpoint, whatever the flow does. */
const GAP_MS = 5000;

export class Setpoint {
  readonly #config: SetpointConfig;
  readonly #ports: { ask: AskForCommand; edgeOf: (device: string) => Result<string>; now: Clock };
  #inForce: { value: number | null; sinceMs: number } | null = null;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(
    config: SetpointConfig,
    ports: { ask: AskForCommand; edgeOf: (device: string) => Result<string>; now: Clock },
  ) {
    this.#config = config;
    this.#ports = ports;
  }

  /** `value` in the unit of the command's kind; null clears. Anything else is refused here. */
  async hold(value: unknown): Promise<SetpointOutcome> {
    if (value !== null && (typeof value !== 'number' || !Number.isFinite(value))) {
      return { kind: 'refused', code: 'flows.value-invalid', message: 'msg.payload is neither a number nor null' };
    }
    const nowMs = this.#ports.now();
    const isYoung = this.#inForce !== null && nowMs - this.#inForce.sinceMs < (this.#config.seconds * 1000) / 2;
    if (isYoung && this.#inForce?.value === value) return { kind: 'held' };
    if (this.#isAsking || nowMs - this.#askedMs < GAP_MS) return { kind: 'skipped' };
    this.#isAsking = true;
    this.#askedMs = nowMs;
    try {
      const answer = await this.#ask(value);
      if (!answer.ok) return { kind: 'refused', code: answer.reason, message: answer.message };
      this.#inForce = { value, sinceMs: nowMs };
      return { kind: 'asked', record: answer.value };
    } finally {
      this.#isAsking = false;
    }
  }

  async #ask(value: number | null): Promise<Result<CommandRecord>> {
    const { edge, device, kind, seconds, reason } = this.#config;
    if (device === '') return refuse('flows.device-unknown', 'the node names no device');
    const found = edge === '' ? this.#ports.edgeOf(device) : { ok: true as const, value: edge };
    if (!found.ok) return found;
    return await this.#ports.ask({ edge: found.value, device, kind, value, reason, seconds });
  }
}
