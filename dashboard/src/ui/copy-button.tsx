/** Copies a text; where the browser forbids it (plain http), the text beside it can be selected instead. */
import { useState } from 'preact/hooks';
import { text } from '../text/text.ts';
import { Icon } from './icons.tsx';

export function CopyButton({ value }: { value: string }) {
  const [isCopied, setCopied] = useState(false);
  if (navigator.clipboard === undefined) return null;
  const copy = () => {
    navigator.clipboard.writeText(value).then(
      () => setCopied(true),
      () => setCopied(false),
    );
  };
  return (
    <button type="button" class="button" onClick={copy}>
      <Icon name={isCopied ? 'check' : 'copy'} size={16} />
      <span aria-live="polite">{isCopied ? text.people.copied : text.people.copy}</span>
    </button>
  );
}
