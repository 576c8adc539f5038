/** Every error code with its meaning and remedy; docs/errors.md is generated from this table. */

export type ErrorEntry = { readonly title: string; readonly remedy: string };

/** Keys are `<area>.<what>`; the area is the folder that throws it. Keep the table sorted by key. */
export const ERROR_CATALOGUE = {
  'access.sync-failed': {
    title: 'The broker did not take the list of who may connect',
    remedy:
      'See whether the broker runs; it works on with its last list, and the list is sent again until it is taken.',
  },
  'auth.demo-refused': {
    title: 'A demo log-in was used on a real site',
    remedy: "Ask an admin of this site for an invite link; remove demo-logins.json from the site's folder.",
  },
  'auth.email-taken': {
    title: 'Somebody already logs in with this e-mail address',
    remedy: 'Use another address, or make a reset link for the member who has it.',
  },
  'auth.link-spent': {
    title: 'A link was used already, has expired, or was never made here',
    remedy: "Ask an admin for a new link; a site's first admin runs `npx commonworks init` or reads docs/api.md.",
  },
  'auth.password-weak': {
    title: 'A password is too short or too long',
    remedy: 'Choose a password of 10 to 128 characters; four random words are good.',
  },
  'auth.wrong-password': {
    title: 'The e-mail address and the password do not belong together',
    remedy: 'Try again, or ask an admin for a reset link.',
  },
  'bridge.link-unreachable': {
    title: 'A serial port or serial device server cannot be opened',
    remedy: 'Check the cable, the path or host and port, and that no other program holds the port.',
  },
  'broker.access-invalid': {
    title: 'An access document is malformed or belongs to another community',
    remedy: 'Correct the faults listed; the broker goes on with the document it has.',
  },
  'broker.access-older': {
    title: 'An access document is older than the one in force',
    remedy: 'Send the newest one; versions only rise.',
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
  'broker.login-refused': {
    title: 'An MQTT log-in was refused',
    remedy:
      'Use the user name and secret the community gave out; for an edge the client id is its user name, for others it begins with it.',
  },
  'broker.logins-throttled': {
    title: 'Too many failed log-ins',
    remedy: 'Wait a minute, and correct the secret of the client that keeps trying.',
  },
  'broker.pack-foreign': {
    title: 'An edge sent a pack that names another edge',
    remedy: 'Give each edge its own id and credential; the bytes are kept among the dead letters.',
  },
  'broker.pack-key-reused': {
    title: 'A pack came again with the same key and other bytes',
    remedy:
      'An outbox was restored from an old copy or cloned: delete the outbox file of that edge, it then begins a new epoch.',
  },
  'broker.pack-scattered': {
    title: 'An edge sends its packs in too wild an order',
    remedy: 'Send packs in the order of their sequence numbers; the bytes are kept among the dead letters.',
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
  'broker.record-rejected': {
    title: 'One record of a pack cannot be read',
    remedy: 'Correct the sender; the rest of the pack was kept, and the record stands among the dead letters.',
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
  'broker.time-outside-window': {
    title: 'A reading carries a time more than 400 days old or over five minutes ahead',
    remedy: 'Set the clock of the edge; the reading stands among the dead letters.',
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
  'community.database-unusable': {
    title: 'The community database cannot be opened or written',
    remedy:
      'Check that the folder exists, is writable and has free space; docs/troubleshooting.md shows how to check the file.',
  },
  'community.ledger-refused': {
    title: 'An entry does not balance, or was posted before with other figures',
    remedy: 'Nothing was posted. Report it with the message: the figures behind the entry are wrong.',
  },
  'community.log-unreachable': {
    title: 'The broker does not serve its log',
    remedy: 'Check that the broker runs and listen.logPort in site.yaml; metering continues where it stopped.',
  },
  'community.period-empty': {
    title: 'The month holds nothing to settle',
    remedy: 'Check the month; GET /settlements lists the settled ones, and a tariff must be in force.',
  },
  'community.period-incomplete': {
    title: 'Intervals of the month are missing',
    remedy: 'Wait for late data, or settle with --missing exclude: missing intervals are then listed openly.',
  },
  'community.period-open': {
    title: 'The month is not over yet',
    remedy: 'Settle it once it has ended and its last readings have arrived.',
  },
  'community.record-refused': {
    title: 'A record of the log could not be processed',
    remedy: 'The record stays in the log and the rest goes on; the message names its cursor and the fault.',
  },
  'community.schema-newer': {
    title: 'The database file was written by a newer version',
    remedy: 'Start the newer version again, or restore the copy made before the upgrade (community.db.before-...).',
  },
  'community.seed-invalid': {
    title: 'seed.yaml does not match its schema, or contradicts itself',
    remedy: 'Correct every fault listed, or delete the file to start empty.',
  },
  'community.shares-not-held': {
    title: 'More shares are to be transferred than the giver holds',
    remedy: 'Transfer at most what is held at that date and ever after; GET /members shows the holdings.',
  },
  'control.broker-unreachable': {
    title: 'A command cannot be sent because the broker does not answer',
    remedy: 'Nothing was sent. Wait until the broker is reachable again, then send it anew.',
  },
  'control.command-unsupported': {
    title: 'The device does not take this command',
    remedy: 'Choose a command that the device lists.',
  },
  'control.device-unknown': {
    title: 'No such device is known to this community',
    remedy: 'Choose a device from the operator page; a new device appears when its edge has announced it.',
  },
  'control.value-out-of-range': {
    title: 'The value of a command is outside what it allows',
    remedy: 'A power limit is 0 to 100 percent, a relay 0 or 1, clearing a limit takes no value.',
  },
  'core.pack-malformed': {
    title: 'A pack is not valid SenML or lacks its leading pack record',
    remedy: 'Check the sender against docs/topics.md; the bytes are kept among the dead letters.',
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
  'edge.badge-key-invalid': {
    title: 'The badge key file is missing or does not hold 32 bytes as hex',
    remedy: 'Name the badge.key of the site in badgeKeyFile; readers do not start without it.',
  },
  'edge.broker-unreachable': {
    title: 'The edge has no connection to its broker',
    remedy: "Check brokerUrl, the network and the edge's secret; readings are kept in the outbox meanwhile.",
  },
  'edge.clock-untrusted': {
    title: 'The time of this machine cannot be trusted yet',
    remedy: 'Wait for the network time service, or set the clock; readings are kept with monotonic time meanwhile.',
  },
  'edge.command-device': {
    title: 'The command names a device or an ability this edge does not have',
    remedy: "Check the device's name and its profile's controls.",
  },
  'edge.command-expired': {
    title: 'The command arrived after its expiry',
    remedy: 'Send it again; check the clocks when this happens often.',
  },
  'edge.command-not-observed': {
    title: 'The device did not show the value that was written',
    remedy: 'Read the device with `npx commonworks edge test`; it may be in local control.',
  },
  'edge.command-out-of-range': {
    title: "The value is outside the limits of the device's profile",
    remedy: 'Ask for a value within the limits of docs/edge.md.',
  },
  'edge.command-signature': {
    title: 'The command is not signed by this community',
    remedy: 'Check communityKeyFile; an unsigned command is never executed.',
  },
  'edge.config-invalid': {
    title: "The edge's configuration does not match its schema",
    remedy: 'Correct every fault listed; docs/edge.md explains each setting.',
  },
  'edge.config-unreadable': {
    title: "The edge's configuration, or a file it names, cannot be read",
    remedy: 'Check the path and its permissions.',
  },
  'edge.config-yaml': {
    title: "The edge's configuration is not valid YAML",
    remedy: 'Correct the line and column named.',
  },
  'edge.device-unit-down': {
    title: 'A device did not answer and is given a rest',
    remedy: 'Check its power, unit number and wiring; it is tried again by itself.',
  },
  'edge.modbus-corrupt': {
    title: 'Bytes came back, but no valid reply among them',
    remedy: 'Check baud rate, parity, termination and that unit numbers are unique.',
  },
  'edge.modbus-exception': {
    title: 'The device refused the request',
    remedy: 'Check that the profile fits the model and its firmware.',
  },
  'edge.modbus-timeout': {
    title: 'The device did not answer in time',
    remedy: 'Check its power, unit number and wiring.',
  },
  'edge.outbox-corrupt': {
    title: 'The outbox file is damaged',
    remedy: 'Nothing to do: it was set aside, what could be read was saved, and a new epoch began. Check the storage.',
  },
  'edge.outbox-foreign': {
    title: 'The outbox file belongs to another edge',
    remedy: 'Name another outboxFile; each edge has its own.',
  },
  'edge.outbox-newer': {
    title: 'The outbox was written by a newer version',
    remedy: 'Start the version that wrote it, or move the file away to begin a new epoch.',
  },
  'edge.outbox-write-failed': {
    title: 'The outbox cannot be written',
    remedy: 'Free space on the disk; readings wait in memory, within limits, meanwhile.',
  },
  'edge.p1-crc': {
    title: 'A P1 telegram has the wrong checksum',
    remedy: 'Check the cable and the baud rate; the telegram is not used.',
  },
  'edge.p1-malformed': {
    title: 'A P1 telegram cannot be read',
    remedy: 'Check the cable and the baud rate; the telegram is not used.',
  },
  'edge.p1-silent': {
    title: 'The P1 port sends no telegrams',
    remedy: 'Check the cable, and that the port is switched on at the meter.',
  },
  'edge.profile-invalid': {
    title: 'A device profile does not match its schema',
    remedy: 'Correct every fault listed; docs/adding-a-device.md explains the format.',
  },
  'edge.profile-unknown': {
    title: 'There is no device profile of this name',
    remedy: 'Use one of the folders in edge/devices.',
  },
  'edge.sunspec-absent': {
    title: 'No SunSpec map at the addresses probed',
    remedy: 'Enable SunSpec over Modbus at the device, and check the unit number.',
  },
  'edge.sunspec-model-absent': {
    title: 'The device lacks the SunSpec models of its profile',
    remedy: 'Choose a profile that fits the models named.',
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
  'http.forbidden': {
    title: 'Your role does not allow this',
    remedy: 'Ask an admin for the role that it needs.',
  },
  'http.host-refused': {
    title: 'The server was addressed by a name it does not know',
    remedy: 'Use its IP address, its machine name, or set listen.publicUrl in site.yaml to the name members type.',
  },
  'http.idempotency-key-reused': {
    title: 'An Idempotency-Key was used again for another request',
    remedy: 'Use a new key for each new request, and the same key only to repeat one.',
  },
  'http.internal': {
    title: 'The server failed',
    remedy: "Try again; when it stays, send the operator the time and what you did. The cause is in the server's log.",
  },
  'http.last-admin': {
    title: 'The last admin would lose the role',
    remedy: 'Make somebody else an admin first.',
  },
  'http.not-found': {
    title: 'There is no such page or thing, or it is not yours to see',
    remedy: 'Check the address; log in as the one it belongs to.',
  },
  'http.not-logged-in': {
    title: 'This needs a log-in',
    remedy: 'Log in, then try again.',
  },
  'http.origin-refused': {
    title: 'A page of another site tried to act in your name',
    remedy: "Act from this community's own pages.",
  },
  'http.request-invalid': {
    title: 'A request does not match the API',
    remedy: 'Correct what is named; the shapes are at /api/docs.',
  },
  'http.request-too-large': {
    title: 'A request is larger than this server takes',
    remedy: 'Send less at once.',
  },
  'http.too-many-requests': {
    title: 'Too many attempts in a short time',
    remedy: 'Wait a minute, then try again.',
  },
  'http.too-many-viewers': {
    title: 'More pages watch live than this server serves',
    remedy: 'Close pages you do not look at; the others are still refreshed on reload.',
  },
  'live.access-sync-old': {
    title: "The broker's list of who may connect is not up to date",
    remedy:
      'See whether the broker runs; until then it works with its last list, and a revoked device can still connect.',
  },
  'live.broker-unreachable': {
    title: 'The community server has no connection to the broker',
    remedy: 'Start the broker; nothing measured is lost meanwhile, the edges keep it.',
  },
  'live.command-failed': {
    title: 'A command failed or expired',
    remedy: 'Read its steps on the operator page, see to the device, send it again.',
  },
  'live.data-gap': {
    title: 'An edge had to drop readings before they were stored',
    remedy: 'The intervals concerned show as incomplete. See docs/troubleshooting.md for its disk and its link.',
  },
  'live.device-unreachable': {
    title: 'An edge cannot reach a device',
    remedy: 'Check its power, cable, address and the fault that is named.',
  },
  'live.edge-offline': {
    title: 'An edge is not connected',
    remedy: 'Check its power and network; what it measures is kept there and arrives later.',
  },
  'live.log-behind': {
    title: 'The community server is behind the stored readings',
    remedy: 'It catches up by itself; when it does not, look into its log for a fault that repeats.',
  },
  'live.values-stale': {
    title: 'A device sends no new values',
    remedy: 'Check the device and its edge; stale values are never shown as live.',
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
  'telemetry.chunk-corrupt': {
    title: 'A stored block of readings cannot be read',
    remedy: 'Restore telemetry.db from a backup; the disk or card may be failing.',
  },
  'telemetry.database-in-use': {
    title: 'Another process has this database open',
    remedy: 'Stop the other broker of this site first; one process owns each database file.',
  },
  'telemetry.database-unusable': {
    title: 'The telemetry database cannot be opened or written',
    remedy: 'Check that the folder exists, is writable and has free space.',
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
  'telemetry.range-too-large': {
    title: 'A query asks for more readings than are given at once',
    remedy: 'Ask for a shorter time.',
  },
  'telemetry.schema-newer': {
    title: 'The telemetry database was written by a newer version',
    remedy:
      'Start the newer version again, or restore the copy made before the upgrade (telemetry.db.before-upgrade-...).',
  },
  'workshop.already-in-session': {
    title: 'The member is badged in on this machine already',
    remedy: 'Badge out to end the session.',
  },
  'workshop.booking-in-past': {
    title: 'A booking begins in the past',
    remedy: 'Choose a time from now on.',
  },
  'workshop.booking-length': {
    title: 'A booking is too short or too long',
    remedy: 'Book at least 15 minutes and at most 8 hours.',
  },
  'workshop.booking-not-whole-minutes': {
    title: 'A booking is not on whole minutes',
    remedy: 'Choose times on whole minutes.',
  },
  'workshop.booking-overlaps': {
    title: 'Somebody else has the machine in this time',
    remedy: 'Take the next free time that is named, or another machine.',
  },
  'workshop.booking-too-far-ahead': {
    title: 'A booking begins too far ahead',
    remedy: 'Book at most 60 days ahead.',
  },
  'workshop.machine-booked': {
    title: 'The machine is booked by somebody else now',
    remedy: 'Book a later time, or agree with the one who has it.',
  },
  'workshop.machine-in-alarm': {
    title: 'The machine reports an alarm',
    remedy: 'Clear it at the machine or ask an operator.',
  },
  'workshop.machine-in-session': {
    title: 'Somebody else is badged in on the machine',
    remedy: 'Wait until they badge out.',
  },
  'workshop.no-session': {
    title: 'There is no open session to end',
    remedy: 'Reload the page; the session was ended already.',
  },
  'workshop.not-a-member': {
    title: 'Only members may use a machine',
    remedy: 'Ask an admin to be registered, with a badge or a log-in.',
  },
  'workshop.reader-ambiguous': {
    title: 'A badge was shown at a reader that serves several free machines',
    remedy: 'Book the machine, or start the session on the machines page.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CATALOGUE;
