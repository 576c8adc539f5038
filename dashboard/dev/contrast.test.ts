/** Holds the colour tokens to WCAG 2.2: text 4.5:1, outlines 3:1, on every ground they stand on, in both themes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const css = readFileSync(join(import.meta.dirname, '../src/styles/tokens.css'), 'utf8');
const KINDS = ['sun', 'battery', 'import', 'export', 'homes', 'workshop', 'alarm'] as const;

function tokensOf(selector: RegExp): Map<string, string> {
  const start = selector.exec(css);
  if (start === null) throw new Error(`no ${selector} in tokens.css`);
  const body = css.slice(start.index, css.indexOf('}', start.index));
  return new Map(
    [...body.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name = '', colour = '']) => [name, colour]),
  );
}

const light = tokensOf(/:root,\s*:root\[data-theme="light"\]\s*\{/);
const THEMES = {
  light,
  'dark by device': new Map([...light, ...tokensOf(/:root:not\(\[data-theme="light"\]\)\s*\{/)]),
  'dark by choice': new Map([...light, ...tokensOf(/:root\[data-theme="dark"\]\s*\{\s*--ground/)]),
};

/** WCAG 2.2, relative luminance. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, two: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(two)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

describe.each(Object.entries(THEMES))('the %s theme', (_, tokens) => {
  const token = (name: string) => tokens.get(name) ?? expect.fail(`no token --${name}`);
  const GROUNDS = ['ground', 'surface', 'sunken'] as const;

  it.each(KINDS)('prints %s at 4.5:1 and outlines it at 3:1', (kind) => {
    for (const ground of [...GROUNDS, `${kind}-soft`]) {
      expect(contrast(token(`${kind}-text`), token(ground)), `${kind}-text on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
    for (const ground of ['ground', 'surface']) {
      expect(contrast(token(`${kind}-edge`), token(ground)), `${kind}-edge on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });

  it('prints ink, soft ink and accents at 4.5:1 wherever they stand', () => {
    const softs = KINDS.map((kind) => `${kind}-soft`);
    for (const ground of [...GROUNDS, ...softs, 'accent-soft']) {
      for (const ink of ['ink', 'ink-soft', 'accent']) {
        expect(contrast(token(ink), token(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
      }
    }
    expect(contrast(token('accent-ink'), token('accent'))).toBeGreaterThanOrEqual(4.5);
  });

  it('draws fields and the focus ring at 3:1', () => {
    for (const ground of GROUNDS) {
      expect(contrast(token('line-strong'), token(ground)), `line on ${ground}`).toBeGreaterThanOrEqual(3);
      expect(contrast(token('focus'), token(ground)), `focus on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});

it('gives the device and the choice the same dark colours', () => {
  expect(THEMES['dark by choice']).toEqual(THEMES['dark by device']);
});
