/** Something that opens on demand, under its title. */
import type { ComponentChildren } from 'preact';
import { Icon } from './icons.tsx';

export function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <details>
      <summary>
        <Icon name="chevron" size={16} />
        {title}
      </summary>
      {children}
    </details>
  );
}
