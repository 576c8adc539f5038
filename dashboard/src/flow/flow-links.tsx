/** The lines of the flow picture: a band per flow, its arrow head, dots that move along it, and the thin remainder. */
import type { FlowLayout, Link } from './flow-layout.ts';

export function FlowLinks({ layout }: { layout: FlowLayout }) {
  const { from, to } = layout.residual;
  return (
    <svg
      class="flow-lines"
      width={layout.widthPx}
      height={layout.heightPx}
      viewBox={`0 0 ${layout.widthPx} ${layout.heightPx}`}
      aria-hidden="true"
    >
      <path
        class="flow-remainder"
        d={`M${from.x} ${from.y}C${from.x + 10} ${from.y + 60} ${to.x} ${to.y - 90} ${to.x} ${to.y - 6}`}
      />
      {layout.links.map((link) => (
        <Band key={link.kind} link={link} />
      ))}
    </svg>
  );
}

function Band({ link }: { link: Link }) {
  const { kind, direction, path, widthPx, middle, isDimmed } = link;
  const hue = kind === 'grid' && direction === 'out' ? 'export' : kind;
  const classes = `flow-band kind-${hue}${isDimmed ? ' is-stale' : ''}`;
  if (direction === 'rest') {
    return (
      <g class={classes}>
        <path class="rest" d={path} />
      </g>
    );
  }
  const head = Math.max(8, widthPx * 0.5);
  return (
    <g class={classes}>
      <path class="edge" d={path} stroke-width={widthPx + 2} />
      <path class="body" d={path} stroke-width={widthPx} />
      {!isDimmed && <path class="dots" d={path} stroke-width={Math.max(2, widthPx * 0.28)} />}
      <path
        class="head"
        d={`M${-head * 0.8} ${-head * 0.75}L${head} 0L${-head * 0.8} ${head * 0.75}L${-head * 0.45} 0Z`}
        transform={`translate(${middle.x} ${middle.y}) rotate(${middle.angleDeg})`}
      />
    </g>
  );
}
