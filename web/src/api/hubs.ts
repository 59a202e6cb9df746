import { useQuery } from '@tanstack/react-query';
import type { Hub } from './contract.ts';
import { callUi } from './http.ts';

export const hubKeys = { list: ['hubs'] as const };

/** Every hub there is; the application's own is the first. */
export function useHubs() {
  return useQuery({
    queryKey: hubKeys.list,
    queryFn: async () => (await callUi<{ value: Hub[] }>('GET', 'hubs')).value,
    staleTime: 60_000,
  });
}
