/** Error codes of the command line, sites, the demo and the contracts. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const TOOLS_ERRORS = {
  'backup.damaged': {
    title: 'A backup is damaged or incomplete',
    remedy:
      'Take another one (`npx commonworks backup list DIR`) and make a new one while the site is whole. This one is restored by no command; its undamaged files can be copied by hand.',
  },
  'backup.disk-full': {
    title: 'There is no room for a backup or a restored site',
    remedy: 'Free space there, name another disk, or keep fewer backups (--keep). Nothing was left half written.',
  },
  'backup.format-newer': {
    title: 'A backup was made by a newer version of this program',
    remedy: 'Restore it with that version or a later one.',
  },
  'backup.into-not-empty': {
    title: 'A site is to be restored into a folder that holds something',
    remedy:
      'Name a new folder; or add --over when it is the old site of the same community: its data are then kept aside.',
  },
  'backup.not-found': {
    title: 'A folder is no backup, or holds none',
    remedy: 'Name a folder made by `npx commonworks backup create`; `npx commonworks backup list DIR` shows them.',
  },
  'backup.other-site': {
    title: 'A backup is to be restored over the site of another community',
    remedy: 'Restore it into a new folder, or name the backup of the site that is there.',
  },
  'backup.site-damaged': {
    title: "The site's own files are damaged or missing, so that a backup of them would be no good",
    remedy:
      'Keep the backups you have: nothing of them was changed. A damaged broker.db, and a telemetry.db that is gone, are made anew when the site starts: then give the command again. A damaged telemetry.db is mended without losing anything else: stop the site, then `npx commonworks log repair SITE --from BACKUP`. For any other, check the disk, then restore the newest good backup with `npx commonworks backup restore BACKUP DIR --over`; what was booked since it was made is then gone, and the files of now are kept aside.',
  },
  'backup.site-running': {
    title: 'A backup is to be restored over a site that runs',
    remedy:
      'Stop it: Ctrl-C in its terminal, `systemctl stop` with the name of its service, or `docker compose stop`. Then give the same command again; nothing was changed.',
  },
  'backup.target-inside-site': {
    title: 'Backup and site lie within each other',
    remedy: 'Name a folder outside of the site, best on another disk.',
  },
  'backup.target-missing': {
    title: 'The folder to write in is not there',
    remedy:
      'Mount its disk, or make it with mkdir. It is not made for you: a disk that is not mounted would be filled in its place.',
  },
  'backup.unreadable': {
    title: 'A file of the site or of a backup cannot be read',
    remedy: 'Give the command as the user who runs the site (or as root); if the rights are right, check the disk.',
  },
  'backup.unwritable': {
    title: 'A backup or a restored site cannot be written',
    remedy:
      'Check the rights of the folder named, and its disk: mounted read-only, failing, or of a kind that holds no large files (FAT: 4 GB). Nothing was left half written.',
  },
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
    remedy: 'Start the demo with --reset, or restore a backup of the same site.',
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
