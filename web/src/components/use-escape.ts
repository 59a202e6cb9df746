import { useEffect, useRef } from 'react';

/**
 * Calls `close` when Escape is pressed anywhere, unless something on top took the key: for what stands
 * beside the page without holding the focus.
 */
export function useEscape(close: () => void): void {
  const latest = useRef(close);
  latest.current = close;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) latest.current();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
