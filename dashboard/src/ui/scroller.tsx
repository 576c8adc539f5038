/** A region that scrolls when a table is wider or longer than its place, also by keyboard. */
import type { ComponentChildren } from 'preact';

export type ScrollerProps = { readonly label: string; readonly isTall?: boolean; readonly children: ComponentChildren };

export function Scroller({ label, isTall = false, children }: ScrollerProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: without it the keyboard cannot scroll (WCAG 2.1.1)
    <section class={isTall ? 'scroller is-tall' : 'scroller'} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
