/** A site's configuration file, site.yaml: its schema, and the parser that reports all faults together. */
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { CodedError } from './errors.ts';
import { zoneFault } from './time.ts';

const Port = Type.Integer({ minimum: 0, maximum: 65_535 });

/** `v1`: InfluxDB 1.x; `v2`: 2.x, 3 and VictoriaMetrics through /api/v2/write. */
export const InfluxTarget = Type.Object(
  {
    name: Type.String({ pattern: '^[a-z0-9-]{1,40}$' }),
    api: Type.Enum(['v1', 'v2']),
    url: Type.String({ pattern: '^https?://' }),
    /** v1: database; v2: bucket. */
    database: Type.String({ minLength: 1 }),
    org: Type.Optional(Type.String()),
    /** Name of the environment variable or file in keys/ that holds the token or `user:password`. */
    tokenFile: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type InfluxTarget = Static<typeof InfluxTarget>;

export const SiteConfig = Type.Object(
  {
    community: Type.Object(
      {
        id: Type.String(),
        name: Type.String({ minLength: 1, maxLength: 80 }),
        zone: Type.String(),
        currency: Type.String({ pattern: '^[A-Z]{3}$' }),
        locale: Type.String(),
      },
      { additionalProperties: false },
    ),
    listen: Type.Object(
      {
        host: Type.String(),
        webPort: Port,
        mqttPort: Port,
        mqttWsPort: Port,
        logPort: Port,
        /** What members type; used in links. Derived from host and webPort when absent. */
        publicUrl: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
    /** Milliseconds the log waits to commit several packs at once: 2 on an SSD, more on an SD card. */
    commitMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 5000 })),
    /** `trustSystemClock`: the host keeps this machine's clock, and no time service can be asked here (containers). */
    time: Type.Optional(
      Type.Object({ trustSystemClock: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    ),
    influx: Type.Optional(Type.Array(InfluxTarget, { maxItems: 4 })),
    demo: Type.Optional(
      Type.Object(
        {
          seed: Type.Integer(),
          speed: Type.Number({ minimum: 1, maximum: 3600 }),
          /** Where the demo's time began, UTC epoch ms. */
          originMs: Type.Integer(),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type SiteConfig = Static<typeof SiteConfig>;

/** Whether this site's clock is taken as it is, or what vouches for it is looked for. */
export function hubTimeKind({ demo, time }: SiteConfig): 'host' | 'demo' | 'ask' {
  if (demo !== undefined) return 'demo';
  return time?.trustSystemClock === true ? 'host' : 'ask';
}

/**
 * A parsed YAML value to a SiteConfig.
 * @throws CodedError `site.config-invalid` naming every fault with its path.
 */
export function parseSiteConfig(value: unknown): SiteConfig {
  const faults = Value.Check(SiteConfig, value)
    ? zoneFaults(value)
    : [...Value.Errors(SiteConfig, value)].map((error) => `${error.instancePath || '/'}: ${error.message}`);
  if (faults.length === 0) return value as SiteConfig;
  throw new CodedError('site.config-invalid', `site.yaml: ${faults.join('; ')}`, { detail: { faults } });
}

function zoneFaults({ community }: SiteConfig): string[] {
  const fault = zoneFault(community.zone);
  return fault === null ? [] : [`/community/zone: ${fault}`];
}
