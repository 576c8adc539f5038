/** The icons: drawn here, one stroke width, so that nothing is downloaded. */
import type { JSX } from 'preact';

const PATHS = {
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  battery: 'M8 5h8a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H8a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1ZM10 2.5h4M10 17h4M10 13h4',
  grid: 'M9 21 11 3h2l2 18M6 8h12M4.500 12h15M9.700 15 14 12M10.200 12l3.800 3.500M8 8v2M16 8v2',
  homes: 'M3 11.500 12 4l9 7.500M5.500 10v10h13V10M10 20v-6h4v6',
  workshop:
    'M14.500 6.500a4 4 0 0 1 5-3l-2.700 2.700.4 2.200 2.200.4L22 6.200a4 4 0 0 1-5.500 4.600L8 19.300a2 2 0 0 1-2.900-2.900l8.600-8.500a4 4 0 0 1 .8-1.400Z',
  community:
    'M12 4a3 3 0 1 0 0 6 3 3 0 0 0 0-6ZM5 10.500a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400ZM19 10.500a2.200 2.200 0 1 0 0 4.400 2.200 2.200 0 0 0 0-4.400ZM7.500 20a4.500 4.500 0 0 1 9 0M1.500 19.500c0-1.800 1.300-3 3-3M22.500 19.500c0-1.800-1.300-3-3-3',
  share: 'M12 3a9 9 0 1 0 9 9h-9V3ZM15.500 3.700a9 9 0 0 1 4.800 4.800h-4.800V3.700Z',
  machines: 'M4 20h16M6 20v-5h12v5M12 3v6M9 9h6l-1 3h-4L9 9ZM7 3h10',
  operator: 'M4 18a8 8 0 1 1 16 0M12 18l4-6M12 18h.01M4 21h16',
  treasury: 'M5 3h11l3 3v15H5V3ZM8 9h8M8 13h8M8 17h5',
  people:
    'M9 5a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7ZM2.500 20a6.500 6.500 0 0 1 13 0M16 5.500a3 3 0 0 1 0 6M18 14.500a6 6 0 0 1 3.500 5.500',
  check: 'M4.500 12.500 10 18 20 6.500',
  play: 'M7 4.500v15l12-7.500-12-7.500Z',
  pause: 'M8 5v14M16 5v14',
  lock: 'M6 11h12v9H6v-9ZM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
  off: 'M12 3v8M7 6a8 8 0 1 0 10 0',
  question: 'M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 18h.01',
  alarm: 'M12 3.500 22 20.500H2L12 3.500ZM12 10v5M12 18h.01',
  stale: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3 3',
  chevron: 'm9 5 7 7-7 7',
  back: 'm15 5-7 7 7 7',
  close: 'M5 5l14 14M19 5 5 19',
  print: 'M7 9V3h10v6M7 17H4V9h16v8h-3M7 14h10v7H7v-7Z',
  download: 'M12 3v12M7 10l5 5 5-5M4 20h16',
  copy: 'M9 9h11v12H9V9ZM5 15H4V3h11v2',
  theme: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 3v18M12 7.5a4.500 4.500 0 0 1 0 9',
  exit: 'M10 4H5v16h5M9 12h11M16 8l4 4-4 4',
  calendar: 'M4 6h16v14H4V6ZM4 10.500h16M8 3v4M16 3v4',
  laser: 'M12 3v8M5 20h14M12 14v.01M9 11h6M8 17l1.500-1M16 17l-1.500-1M12 17.500V20',
  arrow: 'M5 12h14M13 6l6 6-6 6',
  cross: 'M6 6l12 12M18 6 6 18',
  send: 'M4 12 20 4l-4 16-4.500-6L4 12ZM11.500 14 20 4',
} as const;

export type IconName = keyof typeof PATHS;

/** Always beside a word: hidden from screen readers. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path
        d={PATHS[name]}
        fill="none"
        stroke="currentColor"
        stroke-width="1.75"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
