/** English words about backups: the newest one, and what to do when there is none. */
import { counted } from './counted.ts';

export const enBackup = {
  title: 'Backup',
  good: 'Backed up',
  due: 'Backup needed',
  noneYet: 'No backup yet',
  demo: 'A demo needs no backup: one command makes it anew.',
  newest: (ago: string, size: string, folder: string) => `Newest backup: ${ago}, ${size}, to ${folder}.`,
  none: 'There is no backup of this site yet. If its disk dies, members, shares and readings are gone.',
  old: 'If the disk of the site dies, all that came since then is gone.',
  how: 'On the machine of the site, with its own folder and one on another disk:',
  command: 'npx commonworks backup create SITE FOLDER',
  ago: {
    now: 'just now',
    minutes: (count: number) => `${count} min ago`,
    hours: (count: number) => `${counted(count, 'hour')} ago`,
    days: (count: number) => `${counted(count, 'day')} ago`,
  },
} as const;
