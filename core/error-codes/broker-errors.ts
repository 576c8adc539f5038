/** Error codes of the broker, the log and the series store. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const BROKER_ERRORS = {
  'broker.access-invalid': {
    title: 'An access document is malformed or belongs to another community',
    remedy: 'Correct the faults listed; the broker goes on with the document it has.',
  },
  'broker.access-older': {
    title: 'An access document is older than the one in force',
    remedy: 'Send the newest one; versions only rise.',
  },
  'broker.budget-exceeded': {
    title: 'A client asks for more than the broker gives one client',
    remedy:
      'Look at the agent or tool it names: it repeats something all the time, or sends more devices, points or states than a site has. The others are not held up by it.',
  },
  'broker.client-id-shared': {
    title: 'Two agents live under one id',
    remedy:
      'An SD card or a folder was copied: switch one of the two off, register an edge of its own for it, and start it with a new outbox.',
  },
  'broker.client-too-slow': {
    title: 'An MQTT client does not read what it is sent',
    remedy: 'It was disconnected so that others are served; make it read faster or subscribe to less.',
  },
  'broker.commit-failed': {
    title: 'Readings cannot be written to disk, so none is acknowledged',
    remedy:
      'Free space on the disk of the site folder or repair it; the edges keep everything and send it again by themselves.',
  },
  'broker.config-invalid': {
    title: 'The broker cannot start with what it was given',
    remedy: 'Start it with `--site DIR`, where DIR was made by `npx commonworks init`.',
  },
  'broker.filter-refused': {
    title: 'A subscription is malformed, of an unsupported kind or not permitted',
    remedy: 'Subscribe within what the role of this user allows; docs/topics.md lists it.',
  },
  'broker.listen-failed': {
    title: 'A port cannot be opened',
    remedy: 'Stop the program that uses it, or choose another port under listen in site.yaml.',
  },
  'broker.log-changed': {
    title: 'The log is not the one that a follower has read',
    remedy:
      'Followers of the log go back to the last entry they have in common by themselves and take what they never took; a program of yours that reads /log does the same with commonCursor.',
  },
  'broker.log-rolled-back': {
    title: 'telemetry.db is an older copy, another file or a new one',
    remedy:
      'Nothing is to be done for what the edges still hold: they send it again by themselves. If a newer telemetry.db exists, stop the site, put it back and start it; docs/durability.md says what is missing otherwise.',
  },
  'broker.login-refused': {
    title: 'An MQTT log-in was refused',
    remedy:
      'Use the user name and secret the community gave out; for an edge the client id is its user name, for others it begins with it.',
  },
  'broker.logins-throttled': {
    title: 'Too many log-ins of one user at once',
    remedy: 'It may be tried again at once; correct the secret of the client that keeps trying.',
  },
  'broker.pack-foreign': {
    title: 'An edge sent a pack that names another edge',
    remedy: 'Give each edge its own id and credential; the pack is kept in quarantine, among the dead letters.',
  },
  'broker.pack-key-reused': {
    title: 'A pack came again with the same key and other bytes',
    remedy:
      'An outbox was restored from an old copy or cloned: delete the outbox file of that edge, it then begins a new epoch.',
  },
  'broker.pack-scattered': {
    title: 'An edge sends its packs in too wild an order',
    remedy:
      'Send packs in the order of their sequence numbers, in one epoch for the life of an outbox: keep the outbox file on a disk that stays, or enrol the edge anew. The pack is kept in quarantine, among the dead letters.',
  },
  'broker.packet-malformed': {
    title: 'An MQTT packet breaks the rules of MQTT 3.1.1',
    remedy: 'Correct the client; its connection was ended, the others go on.',
  },
  'broker.packet-too-large': {
    title: 'An MQTT packet is larger than allowed',
    remedy: 'Send smaller packs: at most 64 kB each, and 4 kB before the log-in is answered.',
  },
  'broker.publish-refused': {
    title: 'A message was published where or how it may not be',
    remedy:
      'Publish within what the role of this user allows, packs with QoS 1 and not retained; docs/topics.md lists it.',
  },
  'broker.queries-busy': {
    title: 'Too many questions about the series wait for their answer',
    remedy: 'Ask again after the time that Retry-After says; ask fewer at once, and follow `next` page by page.',
  },
  'broker.record-rejected': {
    title: 'One record of a pack cannot be read',
    remedy: 'Correct the sender; the rest of the pack was kept, and the record stands among the dead letters.',
  },
  'broker.quarantine-full': {
    title: 'An edge sends packs that cannot be taken, and its quarantine is full',
    remedy:
      'The edge keeps the pack and tries again. Look at its packs with GET /dead-letters of the broker, correct the sender (often a cloned or restored outbox, or a wrong id), then release them with DELETE /quarantine?edge=ID.',
  },
  'broker.request-invalid': {
    title: "A request to the log's HTTP API is not valid or failed",
    remedy: 'Correct the fault named; docs/topics.md and core/log-api.ts describe the API.',
  },
  'broker.sample-conflict': {
    title: 'A second, different value came for the same series and time',
    remedy:
      'Look for two devices with one name or a restored outbox; the first value stays, the second is among the dead letters.',
  },
  'broker.state-damaged': {
    title: 'broker.db was damaged and has been begun anew',
    remedy:
      'Nothing has to be done: the community sends who may log in, the agents send their statuses and device lists, and no reading stood in it. Where its list of log-ins was lost, nobody can log in until the community runs and has sent it. The damaged file is kept as broker.db.damaged-... (the newest three). The disk or card may be failing.',
  },
  'broker.strangers-full': {
    title: 'Too many connections that do not log in',
    remedy:
      'Nothing has to be done: the ones that were silent longest are cut, and whoever logs in is served. Where it lasts, close the port of the broker to the address it names.',
  },
  'broker.time-outside-window': {
    title: 'A reading carries a time more than 400 days old or over five minutes ahead',
    remedy: 'Set the clock of the edge; the reading stands among the dead letters.',
  },
  'telemetry.backup-of-another-site': {
    title: 'A copy to repair from is not known to be of this site',
    remedy:
      'Name a whole backup, or the telemetry.db in its folder data with site.yaml beside that: it says whose it is. If you are sure that it is of this site, add --of-another-log. No pack of it was taken.',
  },
  'telemetry.backup-unreadable': {
    title: 'A backup that was named holds no telemetry.db that can be read',
    remedy:
      'Name a telemetry.db, or the folder that holds one (of an archive: unpack it first). A backup that is damaged itself gives what is sound of it.',
  },
  'telemetry.chunk-corrupt': {
    title: 'A stored block of readings cannot be read',
    remedy:
      'Nothing is lost: it is made from the packs in the log. The broker ends, and writes telemetry.db anew from what is sound when it starts again. The disk or card may be failing.',
  },
  'telemetry.database-in-use': {
    title: 'Another process has this database open',
    remedy: 'Stop the other broker of this site first; one process owns each database file.',
  },
  'telemetry.database-unusable': {
    title: 'telemetry.db or broker.db cannot be opened or written',
    remedy:
      'Check that the folder exists, is writable and has as much free space as the file is large: a damaged one is written anew beside itself. The message says what the disk answered.',
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
  'telemetry.influx-query': {
    title: 'InfluxDB refused a query or did not answer',
    remedy: 'Look at the text of the refusal; check that the database is up and is the one the projection writes to.',
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
  'telemetry.log-damaged': {
    title: 'Packs in telemetry.db are damaged',
    remedy:
      'They are set aside and asked for again from their edges by themselves. `npx commonworks log verify` tells which; with a backup `npx commonworks log repair SITE --from BACKUP` fills them. Replace the disk or card: it fails.',
  },
  'telemetry.log-damaged-again': {
    title: 'telemetry.db is damaged again and again',
    remedy:
      'The disk or card fails: copy the site folder to another one. Move the files telemetry.db.damaged-... away (they are evidence, and may still give what a backup does not have), then `npx commonworks log repair SITE`.',
  },
  'telemetry.log-missing': {
    title: 'The site has no telemetry.db',
    remedy:
      'If it was lost, stop the site and give `npx commonworks log repair SITE --from BACKUP` with your newest backup; without one start the site: it makes a new one, and the agents send what they still keep. A site that was never started has none yet.',
  },
  'telemetry.range-too-large': {
    title: 'A query asks for more readings than are given at once',
    remedy: 'Ask for a shorter time.',
  },
  'telemetry.schema-newer': {
    title: 'telemetry.db or broker.db was written by a newer version',
    remedy:
      'Start the newer version again, or put back the copy of the file named that was made before the upgrade: it stands beside it as ...before-upgrade-....',
  },
  'telemetry.wal-orphaned': {
    title: 'telemetry.db was removed, and its write-ahead log stood without it',
    remedy:
      'Packs that stand in it were taken into a new telemetry.db, and the file is kept as telemetry.db-wal.orphaned-.... The agents send again what they still keep; for the rest stop the site and give `npx commonworks log repair SITE --from BACKUP`. Find out who removes files of the site.',
  },
} as const satisfies Record<string, ErrorEntry>;
