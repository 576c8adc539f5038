/** Starts one loop per configured target; a slow or dead target never holds up another, nor the log. */
import type { InfluxTarget, ProjectionStatus } from '@commonworks/core';
import { CodedError } from '@commonworks/core';
import type { ProjectionLimits } from './limits.ts';
import { PROJECTION_LIMITS } from './limits.ts';
import { isTagValue } from './points.ts';
import type { TargetLoopOptions } from './target-loop.ts';
import { TargetLoop } from './target-loop.ts';
import type { WritePoints } from './write-outcome.ts';
import { openV1 } from './write-v1.ts';
import { openV2 } from './write-v2.ts';

export type ProjectionOptions = Pick<
  TargetLoopOptions,
  'community' | 'readLog' | 'cursors' | 'now' | 'log' | 'signal'
> & {
  readonly targets: readonly InfluxTarget[];
  /** The token or `user:password` a target's `tokenFile` names; null when there is none. */
  readonly readSecret?: (name: string) => Promise<string | null>;
  readonly limits?: Partial<ProjectionLimits>;
};

export type Projection = {
  /** For GET /status. */
  readonly status: () => ProjectionStatus[];
  /** Settles when the signal has ended every loop. */
  readonly done: Promise<void>;
};

/** @throws CodedError `telemetry.influx-community` when the community's id cannot be a tag. */
export function startProjection(options: ProjectionOptions): Projection {
  const { community, targets } = options;
  if (!isTagValue(community)) {
    throw new CodedError('telemetry.influx-community', `the community id ${JSON.stringify(community)} cannot be a tag`);
  }
  const limits = { ...PROJECTION_LIMITS, ...options.limits };
  const loops = targets.map((target) => {
    const write = lazily(() => openTarget(target, options, limits));
    return new TargetLoop({ ...options, name: target.name, write, limits });
  });
  const done = Promise.all(loops.map((loop) => loop.run())).then(() => undefined);
  return { status: () => loops.map((loop) => loop.status()), done };
}

async function openTarget(
  target: InfluxTarget,
  { readSecret }: ProjectionOptions,
  limits: ProjectionLimits,
): Promise<WritePoints> {
  const secret = target.tokenFile === undefined ? null : ((await readSecret?.(target.tokenFile)) ?? null);
  const { url, database } = target;
  const login = secret === null ? {} : { secret, token: secret };
  if (target.api === 'v1') return openV1({ url, database, ...login, timeoutMs: limits.requestMs });
  return openV2({ url, bucket: database, org: target.org ?? '', ...login, timeoutMs: limits.requestMs });
}

/** The secret is read with the first write, so that a target's trouble is that target's alone. */
function lazily(open: () => Promise<WritePoints>): WritePoints {
  let opened: Promise<WritePoints> | null = null;
  return async (points) => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return await (await opened)(points);
  };
}
