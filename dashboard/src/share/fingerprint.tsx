/** A hash that people keep, copy or print: whole, in groups, with what it is good for. */
import { CopyButton } from '../ui/copy-button.tsx';

export function Fingerprint({ value, help }: { value: string; help: string }) {
  return (
    <div class="fingerprint">
      <p class="mono">{value}</p>
      <p class="small soft">{help}</p>
      <div class="no-print">
        <CopyButton value={value} />
      </div>
    </div>
  );
}
