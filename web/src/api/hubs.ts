import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Hub } from './contract.ts';
import { apiPath, callUi } from './http.ts';

export const hubKeys = { list: ['hubs'] as const };

/** Every hub there is; the application's own is the first. Names stay; whoever shows counts asks for a fresh list. */
export function useHubs({ staleMs = 60_000 }: { staleMs?: number } = {}) {
  return useQuery({
    queryKey: hubKeys.list,
    queryFn: async () => (await callUi<{ value: Hub[] }>('GET', 'hubs')).value,
    staleTime: staleMs,
  });
}

export function useCreateHub() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => callUi<Hub>('POST', 'hubs', { body: { name } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: hubKeys.list }),
  });
}

export function useDeleteHub(name: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callUi<void>('DELETE', apiPath('hubs', name)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: hubKeys.list }),
  });
}
