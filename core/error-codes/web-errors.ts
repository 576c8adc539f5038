/** Error codes of log-in, the HTTP API, the workshop and the web app. Keep sorted by key. */
import type { ErrorEntry } from './error-entry.ts';

export const WEB_ERRORS = {
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
  'dashboard.answer-malformed': {
    title: 'Something other than the community server answered',
    remedy: 'Reload the page. If it stays, a proxy or an old version stands in between: tell an operator.',
  },
  'dashboard.reason-missing': {
    title: 'A command needs a reason',
    remedy: 'Say why in at least three letters: others will read it.',
  },
  'dashboard.unreachable': {
    title: 'The community server cannot be reached',
    remedy: 'Check your network. If others cannot reach it either, tell an operator.',
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
  'workshop.already-in-session': {
    title: 'The member is badged in on this machine already',
    remedy: 'Badge out to end the session.',
  },
  'workshop.badge-held': {
    title: 'The badge belongs to another member',
    remedy: 'Take it back from them first, on the People page.',
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
  'workshop.reader-clock-unknown': {
    title: 'A badge was shown at a reader whose clock is not known',
    remedy:
      "See the agent's clock under Operator, Clocks; show the badge again when it is known, or start the session on the machines page.",
  },
  'workshop.reader-over-budget': {
    title: 'More sessions were begun at the readers of one agent than a workshop has',
    remedy:
      'Look at that agent and its readers: one repeats badges all the time, or is not ours. Sessions can be begun on the web meanwhile, and ended at the reader.',
  },
  'workshop.reader-ambiguous': {
    title: 'A badge was shown at a reader that serves several free machines',
    remedy: 'Book the machine, or start the session on the machines page.',
  },
} as const satisfies Record<string, ErrorEntry>;
