import { useSyncExternalStore } from 'react';

const narrowQuery = window.matchMedia('(max-width: 640px)');

/** True on a telephone; for what styles alone cannot lay out otherwise. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(
    (listener) => {
      narrowQuery.addEventListener('change', listener);
      return () => narrowQuery.removeEventListener('change', listener);
    },
    () => narrowQuery.matches,
  );
}
