/** A one-time link to hand over: shown once, to be copied. */
import { useEffect, useRef } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icons.tsx';

export type LinkOut = { readonly name: string; readonly url: string; readonly expiresMs: number };

export function LinkPanel({ link, close }: { link: LinkOut; close: () => void }) {
  const { format } = useApp();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus(), []);
  return (
    <section ref={panel} class="link-out" tabIndex={-1} aria-label={text.people.linkTitle(link.name)}>
      <div class="row is-apart">
        <h2>{text.people.linkTitle(link.name)}</h2>
        <button type="button" class="button is-quiet is-icon" aria-label={text.booking.close} onClick={close}>
          <Icon name="close" />
        </button>
      </div>
      <p class="mono">{link.url}</p>
      <div class="row">
        <CopyButton value={link.url} />
        <span class="small">{text.people.linkHelp(format.dateTime(link.expiresMs))}</span>
      </div>
    </section>
  );
}
