/** Error codes of the edge agent and the firmware bridge. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const EDGE_ERRORS = {
  'bridge.link-unreachable': {
    title: 'A serial port or serial device server cannot be opened',
    remedy: 'Check the cable, the path or host and port, and that no other program holds the port.',
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
  'edge.command-still-in-force': {
    title: 'A command failed, and the device does not show that it was undone',
    remedy:
      'The agent tries again until the device shows it, also after a restart. See to the device: it may be away, in local control, or ignore what is written.',
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
  'edge.log-changed': {
    title: 'The broker has another log than before',
    remedy:
      'Nothing to do when the broker was set up anew: what the agent still keeps is sent again, the rest is declared. Else look which broker brokerUrl leads to.',
  },
  'edge.log-fell-back': {
    title: 'The log of the broker has lost what it had',
    remedy:
      'Nothing to do here: what the agent still keeps is sent again, the rest is declared as a gap. Find out at the broker why an older or repaired log is in use.',
  },
  'edge.modbus-corrupt': {
    title: 'Bytes came back, but no valid reply among them',
    remedy: 'Check baud rate, parity, termination and that unit numbers are unique.',
  },
  'edge.modbus-exception': {
    title: 'The device refused the request',
    remedy: 'Check that the profile fits the model and its firmware.',
  },
  'edge.modbus-foreign-unit': {
    title: 'Another unit answered than the one that was asked',
    remedy:
      'Compare the unit numbers in the configuration with those set at the devices; two devices may share a number, a gateway may translate it, or a second master asks on the same line.',
  },
  'edge.modbus-timeout': {
    title: 'The device did not answer in time',
    remedy: 'Check its power, unit number and wiring.',
  },
  'edge.no-energy-register': {
    title: 'A meter answers, but none of its energy registers came',
    remedy: 'Compare the codes that came with those of the profile, and choose or write a profile that fits the meter.',
  },
  'edge.outbox-corrupt': {
    title: 'The outbox file is damaged',
    remedy:
      'Nothing to do: it was set aside, what could be read was saved and what could not was declared, and a new epoch began. Replace the card or disk when it happens again.',
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
    remedy:
      'Free space on the disk; one that is not full is failing and should be replaced. Readings wait in memory, within limits, meanwhile; an agent that cannot open its outbox ends and is started again.',
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
} as const satisfies Record<string, ErrorEntry>;
