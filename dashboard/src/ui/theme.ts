/** Light, dark, or as the device says; remembered on this device only. */
import { effect, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const KEY = 'commonworks.theme';

export const chosenTheme = signal<Theme>(stored());

/** Writes the choice to the page and to storage; ends with the page. */
export function applyTheme(): void {
  effect(() => {
    const theme = chosenTheme.value;
    if (theme === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = theme;
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // Storage may be forbidden: the choice then holds until the page is left.
    }
  });
}

export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
}

/** A value that changes whenever the colours on screen do. */
export function useTheme(): string {
  const [isDark, setDark] = useState(false);
  useEffect(() => {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const update = () => setDark(query.matches);
    update();
    query.addEventListener('change', update);
    return () => query.removeEventListener('change', update);
  }, []);
  return `${chosenTheme.value}/${isDark}`;
}

function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? 'system';
  } catch {
    return 'system';
  }
}
