/** What a settlement would post, member by member, before anybody presses the button. */
import type { SettlementPreview } from '@commonworks/core/api/index.ts';
import { useState } from 'preact/hooks';
import { useApp } from '../state/app.ts';
import { useResource } from '../state/use-resource.ts';
import { text } from '../text/text.ts';
import { Icon } from '../ui/icons.tsx';
import { Scroller } from '../ui/scroller.tsx';
import { Loaded } from '../ui/states.tsx';

export function MonthPreview({ month }: { month: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="chevron" size={16} />
        {text.closing.preview}
      </summary>
      {isOpen && <Preview month={month} />}
    </details>
  );
}

function Preview({ month }: { month: string }) {
  const { api } = useApp();
  const preview = useResource((signal) => api.previewMonth(month, { signal }), [month]);
  return <Loaded resource={preview}>{(data) => <PreviewTable preview={data} />}</Loaded>;
}

function PreviewTable({ preview }: { preview: SettlementPreview }) {
  const { format } = useApp();
  const title = text.closing.previewTitle(format.month(preview.month));
  return (
    <div class="stack is-tight">
      <p class="small soft">{text.closing.previewNothing}</p>
      <Scroller label={title}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{text.treasury.member}</th>
              <th scope="col" class="is-number">
                {text.closing.used}
              </th>
              <th scope="col" class="is-number">
                {text.closing.allocated}
              </th>
              <th scope="col" class="is-number">
                {text.closing.given}
              </th>
              <th scope="col" class="is-number">
                {text.closing.amount}
              </th>
            </tr>
          </thead>
          <tbody>
            {preview.members.map((sums) => (
              <tr key={sums.member ?? ''}>
                <th scope="row">{sums.name ?? text.closing.community}</th>
                <td class="is-number">{format.energyText(sums.usedMwh)}</td>
                <td class="is-number">{format.energyText(sums.allocatedMwh)}</td>
                <td class="is-number">{format.energyText(sums.givenMwh)}</td>
                <td class="is-number">{format.money(sums.amountMinor)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroller>
    </div>
  );
}
