import { useQuery } from '@tanstack/react-query';
import type { ServerHealth } from './contract.ts';
import { callUi } from './http.ts';

/** How the server is; trouble comes and goes by itself, so it is asked again. */
export function useServerHealth() {
  return useQuery({
    queryKey: ['health'],
    queryFn: () => callUi<ServerHealth>('GET', 'health'),
    refetchInterval: 15_000,
  });
}
