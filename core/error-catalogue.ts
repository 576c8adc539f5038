/** Every error code with its meaning and remedy; docs/errors.md is generated from this table. */

export type ErrorEntry = { readonly title: string; readonly remedy: string };

/** Keys are `<area>.<what>`; the area is the folder that throws it. Keep the table sorted by key. */
export const ERROR_CATALOGUE = {
  'clock.unreachable': {
    title: 'The demo clock does not answer',
    remedy: 'Start the demo world, or unset COMMONWORKS_CLOCK to run on the time of this machine.',
  },
  'core.pack-malformed': {
    title: 'A pack is not valid SenML or lacks its leading pack record',
    remedy: 'Check the sender against docs/topics.md; the bytes are kept among the dead letters.',
  },
  'site.config-invalid': {
    title: 'site.yaml does not match its schema',
    remedy: 'Correct every fault listed; docs/site-config.md explains each setting.',
  },
  'site.dashboard-missing': {
    title: 'The web app is not built and cannot be built here',
    remedy: 'Run `npm ci` with the development packages, then `npm run build`.',
  },
  'site.exists': {
    title: 'A site is to be made in a folder that is not empty',
    remedy: 'Name a new or empty folder.',
  },
  'site.is-demo': {
    title: 'A demo site was started as a real one',
    remedy: 'Start it with `npx commonworks demo run --dir DIR`, or make a real site with `npx commonworks init DIR`.',
  },
  'site.not-found': {
    title: 'The folder holds no site',
    remedy: 'Make one with `npx commonworks init DIR`, or name the folder that has a site.yaml.',
  },
  'site.yaml-malformed': {
    title: 'site.yaml is not valid YAML',
    remedy: 'Correct the line and column named.',
  },
  'site.zone-unknown': {
    title: "The time zone is not in this machine's list",
    remedy: 'Use an IANA name such as Europe/Vienna.',
  },
  'telemetry.influx-community': {
    title: "The community's id cannot be a tag in InfluxDB",
    remedy: 'Use letters, digits, dots, hyphens and underscores in community.id of site.yaml, at most 80.',
  },
  'telemetry.influx-database': {
    title: 'An InfluxDB target has no such database, bucket or address',
    remedy:
      'Create the bucket, or correct url, database and org under influx in site.yaml. Nothing is lost meanwhile: the log keeps it all.',
  },
  'telemetry.influx-login': {
    title: 'An InfluxDB target refuses the log-in',
    remedy:
      'Put a token (v2) or user:password (v1) with write access into the file that tokenFile names. Nothing is lost meanwhile: the log keeps it all.',
  },
  'telemetry.influx-point-refused': {
    title: 'An InfluxDB target refused single points',
    remedy:
      'Read the reason in the status: often a field type conflict or the retention period. The readings themselves are safe in the log.',
  },
  'telemetry.influx-refuses-all': {
    title: 'An InfluxDB target refuses every point, a harmless one too',
    remedy:
      'Correct url, api, database and org of the target in site.yaml; api v1 is for InfluxDB 1.x, v2 for the others. Nothing is lost meanwhile.',
  },
  'telemetry.influx-unavailable': {
    title: 'An InfluxDB target cannot be reached or is overloaded',
    remedy:
      'Start it or wait: the projection tries again by itself and misses nothing. Look at its own log when this lasts.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
