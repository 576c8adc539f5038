/** The English catalogue: every word of the web app. A neighbour's word first, the field's term second. */
import { enAudit } from './en-audit.ts';
import { enBackup } from './en-backup.ts';
import { enClocks } from './en-clocks.ts';
import { enClosing } from './en-closing.ts';
import { enEnergy } from './en-energy.ts';
import { enMembership } from './en-membership.ts';
import { enWork } from './en-work.ts';

export const en = {
  app: { name: 'Commonworks', skip: 'Skip to the content', navigation: 'Pages' },
  nav: {
    community: 'Community',
    share: 'My share',
    machines: 'Machines',
    operator: 'Operator',
    treasury: 'Treasury',
    people: 'People',
    account: 'Account',
    signOut: 'Sign out',
    more: 'More',
  },
  theme: { system: 'Auto', light: 'Light', dark: 'Dark', change: 'Light or dark' },
  demo: {
    banner: (time: string, speed: string) => `Demo: simulated devices, community time ${time}, ${speed}×`,
    real: (time: string) => `Demo: simulated devices, community time ${time}`,
    replaying: (time: string) => `Demo: replaying the past, now at ${time}. Figures fill in as it goes.`,
  },
  state: {
    loading: 'Loading',
    retry: 'Try again',
    code: 'Code',
    offlineTitle: 'No connection to the community server',
    offlineBody: 'What you see is the last that was heard. It reconnects by itself.',
    forbiddenTitle: 'This page is not for your role',
    forbiddenBody: 'Ask an admin of your community if you need it.',
    notFoundTitle: 'There is no such page',
    notFoundBody: 'The address may be old or mistyped.',
    home: 'Go to the community page',
    errorTitle: 'That did not work',
    live: 'Live',
    liveAt: (time: string) => `Live, ${time}`,
    staleSince: (time: string) => `No fresh figures since ${time}`,
    stale: 'stale',
    connecting: 'Connecting',
    noFigure: 'no figure',
  },
  errors: {
    'dashboard.reason-missing': {
      title: 'A command needs a reason',
      remedy: 'Say why in at least three letters: others will read it.',
    },
    'dashboard.unreachable': {
      title: 'The community server cannot be reached',
      remedy: 'Check your network. If others cannot reach it either, tell an operator.',
    },
    'dashboard.answer-malformed': {
      title: 'Something other than the community server answered',
      remedy: 'Reload the page. If it stays, a proxy or an old version stands in between: tell an operator.',
    },
  },
  signIn: {
    title: 'Sign in',
    lead: (name: string) => `Welcome to ${name}.`,
    email: 'E-mail',
    password: 'Password',
    submit: 'Sign in',
    busy: 'Signing in',
    wrong: 'E-mail or password is not right.',
    forgot: 'Forgot the password? An admin of your community makes a reset link for you.',
    demo: 'In a demo the log-ins stand in the terminal, or in the file it names.',
  },
  accept: {
    setup: 'Set up your community',
    setupLead: () => 'You are the first: these are the name and the password of the admin.',
    invite: 'Welcome',
    inviteLead: (who: string) => `${who}, choose a password and you are in.`,
    reset: 'A new password',
    resetLead: (who: string) => `${who}, choose a new password. The old one stops working.`,
    name: 'Your name',
    email: 'Your e-mail, for signing in',
    password: 'Password, at least 10 letters',
    submit: 'Save and sign in',
    busy: 'Saving',
    noToken: 'This link is not complete. Copy the whole address, to its last letter.',
  },
  ...enEnergy,
  ...enWork,
  membership: enMembership,
  audit: enAudit,
  backup: enBackup,
  clocks: enClocks,
  closing: enClosing,
} as const;
