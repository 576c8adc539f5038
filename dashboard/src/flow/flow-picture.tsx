/** The energy-flow picture: lines drawn as SVG, nodes as real buttons over it. */
import type { Flow, FlowKind } from '@commonworks/core/api/index.ts';
import { useApp } from '../state/app.ts';
import { text } from '../text/text.ts';
import { useWidth } from '../ui/use-width.ts';
import { layoutFlow } from './flow-layout.ts';
import { FlowLinks } from './flow-links.tsx';
import { FlowHub, FlowNodeButton } from './flow-nodes.tsx';
import { summaryOf } from './flow-words.ts';

export type FlowPictureProps = {
  readonly flow: Flow;
  /** The server has gone silent: nothing in the picture is live. */
  readonly isSilent: boolean;
  readonly chosen: FlowKind | null;
  readonly choose: (kind: FlowKind) => void;
};

export function FlowPicture({ flow, isSilent, chosen, choose }: FlowPictureProps) {
  const { format } = useApp();
  const [frame, widthPx] = useWidth<HTMLDivElement>(358);
  const shown = isSilent ? { ...flow, nodes: flow.nodes.map((node) => ({ ...node, isStale: true })) } : flow;
  const layout = layoutFlow(shown, widthPx);
  return (
    <div ref={frame} class={isSilent ? 'flow is-silent' : 'flow'} style={{ height: `${layout.heightPx}px` }}>
      <p class="only-read">{summaryOf(shown, format)}</p>
      <FlowLinks layout={layout} />
      <FlowHub hub={layout.hub} ownCoverPct={isSilent ? null : flow.ownCoverPct} />
      {layout.nodes.map((placed) => (
        <FlowNodeButton
          key={placed.kind}
          placed={placed}
          socPct={placed.kind === 'battery' ? flow.socPct : null}
          isChosen={chosen === placed.kind}
          choose={choose}
        />
      ))}
      {flow.residualW !== null && (
        <span
          class="flow-residual small"
          title={text.flow.residualHelp}
          style={{ left: `${layout.residual.to.x}px`, top: `${layout.residual.to.y}px` }}
        >
          {text.flow.residual}
          <br />
          <span class="strong">{format.powerText(flow.residualW)}</span>
        </span>
      )}
    </div>
  );
}
