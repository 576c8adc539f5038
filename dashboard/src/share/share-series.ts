/** The two parts of what a member uses. */
import type { BarSeries } from '../chart/bar-model.ts';
import { text } from '../text/text.ts';

export const SHARE_SERIES: readonly BarSeries[] = [
  { label: text.share.allocated, hue: 'sun', side: 'up' },
  { label: text.share.residual, hue: 'grid', side: 'up' },
];
