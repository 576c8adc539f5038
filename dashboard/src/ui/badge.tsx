/** A state in one glance: colour, icon and word together. */
import type { Quality } from '@commonworks/core/quality.ts';
import { text } from '../text/text.ts';
import { Icon, type IconName } from './icons.tsx';

export type Hue = 'sun' | 'battery' | 'grid' | 'export' | 'homes' | 'workshop' | 'alarm' | 'neutral';
export type BadgeProps = {
  readonly hue: Hue;
  readonly icon: IconName;
  readonly word: string;
  /** Dashed: what it says is no longer fresh, or not certain. */
  readonly isStale?: boolean;
  /** Without a frame: the usual case in a long list. */
  readonly isQuiet?: boolean;
};

export function Badge({ hue, icon, word, isStale = false, isQuiet = false }: BadgeProps) {
  return (
    <span class={`badge kind-${hue}${isStale ? ' is-dashed' : ''}${isQuiet ? ' is-quiet' : ''}`}>
      <Icon name={icon} size={16} />
      {word}
    </span>
  );
}

const QUALITY_LOOKS: Record<Quality, { hue: Hue; icon: IconName }> = {
  good: { hue: 'battery', icon: 'check' },
  estimated: { hue: 'sun', icon: 'question' },
  stale: { hue: 'neutral', icon: 'stale' },
  implausible: { hue: 'alarm', icon: 'alarm' },
  fault: { hue: 'alarm', icon: 'alarm' },
  missing: { hue: 'neutral', icon: 'cross' },
};

export function QualityBadge({ quality }: { quality: Quality }) {
  const isGood = quality === 'good';
  return <Badge {...QUALITY_LOOKS[quality]} word={text.quality[quality]} isStale={!isGood} isQuiet={isGood} />;
}
