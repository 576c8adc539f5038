/** The colours of the style sheet as the canvas needs them: read anew for every drawing, so that themes work. */
import type { BarHue } from './bar-model.ts';

export type Palette = {
  readonly fill: (hue: BarHue) => string;
  readonly edge: (hue: BarHue) => string;
  readonly ink: string;
  readonly line: string;
  readonly strong: string;
  readonly ground: string;
  readonly alarm: string;
};

export function readPalette(element: Element): Palette {
  const styles = getComputedStyle(element);
  const token = (name: string) => styles.getPropertyValue(`--${name}`).trim();
  const nameOf = (hue: BarHue) => (hue === 'grid' ? 'import' : hue);
  return {
    fill: (hue) => token(nameOf(hue)),
    edge: (hue) => token(`${nameOf(hue)}-edge`),
    ink: token('ink-soft'),
    line: token('line'),
    strong: token('line-strong'),
    ground: token('surface'),
    alarm: token('alarm-edge'),
  };
}
