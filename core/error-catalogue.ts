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
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
