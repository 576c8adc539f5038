/** The width of an element in px, followed as it changes. */
import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export function useWidth<E extends HTMLElement>(firstPx: number): [RefObject<E | null>, number] {
  const ref = useRef<E | null>(null);
  const [widthPx, setWidth] = useState(firstPx);
  useEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry !== undefined && entry.contentRect.width > 0) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, widthPx];
}
