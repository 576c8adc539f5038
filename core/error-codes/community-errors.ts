/** Error codes of the register, settlement, ledger and live data. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const COMMUNITY_ERRORS = {
  'access.sync-failed': {
    title: 'The broker did not take the list of who may connect',
    remedy:
      'See whether the broker runs; it works on with its last list, and the list is sent again until it is taken.',
  },
  'community.audit-finding': {
    title: 'A check of the ledger or of this month found something that is not right',
    remedy:
      'Nothing was posted. See the card Checks on the operator page for what it is and what to do; the month can be closed once the check finds it right.',
  },
  'community.database-unusable': {
    title: 'The community database cannot be opened or written',
    remedy:
      'Check that the folder exists, is writable and has free space; docs/troubleshooting.md shows how to check the file.',
  },
  'community.derivation-failed': {
    title: 'The log cannot be turned into intervals: a fault of this program, not of the disk',
    remedy: 'Report it with the message; nothing is lost, and it is tried again and again meanwhile.',
  },
  'community.leave-date': {
    title: 'A member cannot leave at that time',
    remedy:
      'Take a time that is over: after they joined, after the newest settled month, and after the last thing they did.',
  },
  'community.ledger-refused': {
    title: 'An entry does not balance, or was posted before with other figures',
    remedy: 'Nothing was posted. Report it with the message: the figures behind the entry are wrong.',
  },
  'community.listen-failed': {
    title: 'The port of the web pages cannot be opened',
    remedy: 'Stop the program that uses it, or choose another listen.webPort in site.yaml.',
  },
  'community.log-unreachable': {
    title: 'The broker does not serve its log',
    remedy: 'Check that the broker runs and listen.logPort in site.yaml; metering continues where it stopped.',
  },
  'community.member-has-left': {
    title: 'The member has left the community',
    remedy: 'What they had stays on record. Somebody who comes back is registered as a new member.',
  },
  'community.member-holds-shares': {
    title: 'Who leaves still holds shares',
    remedy: 'Move the shares first: to another member, or back to the community.',
  },
  'community.period-empty': {
    title: 'The month holds nothing to settle',
    remedy: 'Check the month; GET /settlements lists the settled ones, and a tariff must be in force.',
  },
  'community.period-incomplete': {
    title: 'A meter has gaps in the month that nobody has decided',
    remedy:
      'Wait for late data, or decide each gap on the Treasury page: type values, or leave it as it is with a reason, which is then listed openly.',
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
    remedy: 'Transfer at most what is held at that date and ever after, or let the treasurer issue shares first.',
  },
  'community.substitute-implausible': {
    title: 'A typed value is more than the connection can carry',
    remedy:
      'Check the figure and its unit; if the connection does carry that much, an admin corrects its rated power first.',
  },
  'community.substitute-needless': {
    title: 'There is nothing to type: every quarter hour of that time has a measured or derived value',
    remedy: 'Choose a time that the list of gaps names. What was measured is never replaced.',
  },
  'community.substitute-withdrawn': {
    title: 'The typed value was withdrawn before',
    remedy: 'It counts no more. If it was right after all, type it again.',
  },
  'community.gap-rule-refused': {
    title: 'Gaps of a settled month are not placed otherwise',
    remedy: 'Choose a month after the last settled one: what was billed stays as it was.',
  },
  'community.time-unknown': {
    title: 'No month is closed while nobody knows what time it is',
    remedy: "Confirm the hub's time under Operator, Clocks, or connect it to the internet.",
  },
  'community.swap-refused': {
    title: 'The exchange of a meter contradicts what the meters showed',
    remedy:
      'Correct the time or the figure that the message names: the old meter never showed more than its final register, the new one never less than its first.',
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
  'live.access-sync-old': {
    title: "The broker's list of who may connect is not up to date",
    remedy:
      'See whether the broker runs; until then it works with its last list, and a revoked device can still connect.',
  },
  'live.audit-failed': {
    title: 'A check of the stored data found something that is not right',
    remedy:
      'The card Checks on the operator page says what to do first. Readings are taken as ever; of what is not right no month is closed. docs/durability.md lists the checks.',
  },
  'live.backup-old': {
    title: 'The site has no backup of the last seven days',
    remedy:
      'Run `npx commonworks backup create SITE DIR` on the machine of the site, DIR on another disk; docs/site-config.md shows how to do it every night.',
  },
  'live.broker-unreachable': {
    title: 'The community server has no connection to the broker',
    remedy: 'Start the broker; nothing measured is lost meanwhile, the edges keep it.',
  },
  'live.command-failed': {
    title: 'A command failed or expired',
    remedy: 'Read its steps on the operator page, see to the device, send it again.',
  },
  'live.command-still-in-force': {
    title: 'A command failed, and what it did to the device could not be undone yet',
    remedy:
      'The edge goes on trying. See to the device, or send a command that succeeds: a new limit, clearing it, or the relay off.',
  },
  'live.data-gap': {
    title: 'An edge had to drop readings before they were stored',
    remedy: 'The intervals concerned show as incomplete. See docs/troubleshooting.md for its disk and its link.',
  },
  'live.device-unreachable': {
    title: 'An edge cannot reach a device',
    remedy: 'Check its power, cable, address and the fault that is named.',
  },
  'live.edge-cloned': {
    title: 'Two agents live under one id',
    remedy:
      'An SD card or a folder was copied. Switch one of the two off; register an edge of its own for it and start it with a new outbox.',
  },
  'live.edge-misbehaves': {
    title: 'The broker cuts or holds back an edge for what it sends',
    remedy:
      'Look at the log of that agent, and at its device list: it repeats something all the time, or is not ours. Revoke it if nobody knows it.',
  },
  'live.edge-never-seen': {
    title: 'An edge that was registered has never connected',
    remedy:
      "Start its agent; when the broker refuses it, compare edge and secretFile with what the registration showed, or register it anew. The agent's own log says the same reason.",
  },
  'live.edge-offline': {
    title: 'An edge is not connected',
    remedy: 'Check its power and network; what it measures is kept there and arrives later.',
  },
  'live.edge-over-budget': {
    title: 'An edge brings more of something than one edge may have',
    remedy:
      'Look at that agent: a device or a badge reader repeats something all the time, or it is not ours. Nothing of the other edges is lost; what it sent itself stands in the log. Revoke it if nobody knows it.',
  },
  'live.log-damaged': {
    title: 'Stored readings are damaged on the disk of the hub',
    remedy:
      'Agents send again what they still keep. Then stop the site and run `npx commonworks log repair SITE --from BACKUP` with your newest backup, and replace the disk or card: it fails.',
  },
  'live.log-rolled-back': {
    title: 'The stored readings fell back to an older state',
    remedy:
      'If a newer telemetry.db exists, stop the site, put it in place and start again. Otherwise wait until the agents named have sent again, and look at which quarter hours stay missing.',
  },
  'live.log-behind': {
    title: 'The community server is behind the stored readings',
    remedy: 'It catches up by itself; when it does not, look into its log for a fault that repeats.',
  },
  'live.clock-skewed': {
    title: "An agent's clock is off by more than two seconds",
    remedy:
      "Switch on its time service (timedatectl set-ntp true) and let it reach the internet or the hub's chrony. Its readings are placed by the hub's time meanwhile.",
  },
  'live.clock-unknown': {
    title: 'An agent does not know what time it is',
    remedy:
      "Its readings are kept and dated when it knows: confirm the hub's time, or switch on the agent's time service.",
  },
  'live.hub-time-unknown': {
    title: "Nobody vouches for the hub's time",
    remedy:
      'Confirm it under Operator, Clocks, with a phone or a laptop that shows the right time; or connect the hub to the internet.',
  },
  'live.register-frozen': {
    title: 'The register of a meter stands still while power flows',
    remedy:
      'Look whether the meter itself still counts and read its display; restart the gateway or inverter that passes the register on. Type what it should have counted under Treasury.',
  },
  'live.register-jumped': {
    title: 'The register of a meter jumped to what cannot have flowed',
    remedy:
      'See whether the meter was exchanged, and set the new one under People. If it truly flowed, correct the rated power of the metering point.',
  },
  'live.register-restarted': {
    title: 'The register of a meter began again at zero',
    remedy:
      'See whether the meter lost its memory or was exchanged. Where it begins again by itself, set its modulus and the rated power of the metering point (docs/adding-a-device.md).',
  },
  'live.values-stale': {
    title: 'A device sends no new values',
    remedy: 'Check the device and its edge; stale values are never shown as live.',
  },
} as const satisfies Record<string, ErrorEntry>;
