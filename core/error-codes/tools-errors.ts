/** Error codes of the command line, sites, the demo and the contracts. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const TOOLS_ERRORS = {
  'cli.eda-invalid': {
    title: 'A file is not an energy data report or message of the EDA platform that we can read',
    remedy: 'Correct the lines listed, or download the report again; docs/import-eda.md shows the forms that are read.',
  },
  'cli.file-unreadable': {
    title: 'A file given on the command line cannot be read',
    remedy: 'Check its name and rights; a name ending in .gz must be gzip.',
  },
  'cli.file-unwritable': {
    title: 'A result could not be written',
    remedy: 'Check the folder, its rights and free space; nothing was left half written.',
  },
  'cli.groups-invalid': {
    title: 'The file of sharing groups cannot be used',
    remedy: 'Correct the lines listed; docs/import-eda.md shows the columns.',
  },
  'cli.intervals-invalid': {
    title: 'Rows of an interval file cannot be allocated',
    remedy: 'Correct the rows listed; docs/allocation.md shows the columns. Nothing was written.',
  },
  'cli.registers-invalid': {
    title: "A file of a meter's readings cannot be read",
    remedy: 'Correct the rows listed; docs/metering.md shows the columns. Leave a cell blank where nothing was read.',
  },
  'cli.server-unreachable': {
    title: "The site's server does not answer, or answers what cannot be understood",
    remedy: 'Start the site with `npx commonworks run DIR`; its web address stands in site.yaml.',
  },
  'cli.weights-invalid': {
    title: 'The weights of a fixed key cannot be used',
    remedy: 'Correct the lines listed; every consumer needs one weight, and one of them must be above zero.',
  },
  'clock.unreachable': {
    title: 'The demo clock does not answer',
    remedy: 'Start the demo world, or unset COMMONWORKS_CLOCK to run on the time of this machine.',
  },
  'core.pack-malformed': {
    title: 'A pack is not valid SenML or lacks its leading pack record',
    remedy: 'Check the sender against docs/topics.md; the pack is kept in quarantine, among the dead letters.',
  },
  'demo.config-invalid': {
    title: 'demo.yaml does not match its schema',
    remedy: 'Make the demo anew with `npx commonworks demo run --reset`.',
  },
  'demo.port-taken': {
    title: 'A port of the simulated devices is used by another program',
    remedy: 'End the other program, or delete demo.yaml and start the demo again: it chooses its ports anew.',
  },
  'demo.world-state-invalid': {
    title: 'The state of the simulated world cannot be used',
    remedy: 'Start the demo with --reset, or restore data/world.json from a backup of the same site.',
  },
  'flows.command-refused': {
    title: "The community server refused a flow's command",
    remedy: 'Read the reason beside it; the operator page shows what the device takes and allows.',
  },
  'flows.community-unreachable': {
    title: 'The community server does not answer the flows',
    remedy: 'Start it, or correct the address given with --web; the flow asks again with its next message.',
  },
  'flows.device-ambiguous': {
    title: 'Several edges have a device of this name',
    remedy: 'Name the edge in the node, too.',
  },
  'flows.device-unknown': {
    title: 'No edge has spoken of this device',
    remedy:
      'Correct the device name in the node; the operator page lists all devices. After a start, wait for the first reading.',
  },
  'flows.port-taken': {
    title: 'The flow editor cannot listen on its address',
    remedy: 'Stop what uses the port, or choose another with --port.',
  },
  'flows.token-missing': {
    title: 'The site has no service token',
    remedy: 'Name a folder made by `commonworks init` with --site, and run as the user who owns it.',
  },
  'flows.value-invalid': {
    title: 'A flow sent something that is no setpoint',
    remedy: 'Give the command node a number in msg.payload.',
  },
  'site.already-running': {
    title: 'The site is running already',
    remedy: 'Use the one that runs, or stop it first (Ctrl-C in its terminal, or your service manager).',
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
  'site.no-free-port': {
    title: 'No port could be opened on the address to listen on',
    remedy: 'Check --listen: it must be an address of this machine.',
  },
  'site.not-demo': {
    title: 'What is to be thrown away is not a demo',
    remedy: 'Name the folder of a demo; anything else you delete yourself.',
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
