import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ConsumerGroup, HubCounters, HubOverview, HubPolicy, HubPolicyKeys } from './contract.ts';
import { apiPath, callUi } from './http.ts';

/** A hub's counts move by many hands: while the page is open it is asked again. */
export function useHubOverview(hub: string) {
  return useQuery({
    queryKey: ['hub-overview', hub],
    queryFn: () => callUi<HubOverview>('GET', apiPath('hubs', hub)),
    refetchInterval: 10_000,
  });
}

/** `everyMs`: how often it is asked. */
export function useHubCounters(hub: string, everyMs: number) {
  return useQuery({
    queryKey: ['hub-counters', hub],
    queryFn: () => callUi<HubCounters>('GET', apiPath('hubs', hub, 'counters')),
    refetchInterval: everyMs,
    gcTime: 0,
  });
}

export function useHubPolicies(hub: string) {
  return useQuery({
    queryKey: ['hub-policies', hub],
    queryFn: async () => (await callUi<{ value: HubPolicy[] }>('GET', apiPath('hubs', hub, 'policies'))).value,
  });
}

/** Asked for when somebody wants to see them, and forgotten when they are hidden. */
export function usePolicyKeys(hub: string, policy: string) {
  return useMutation({
    mutationFn: () => callUi<HubPolicyKeys>('GET', apiPath('hubs', hub, 'policies', policy, 'keys')),
    gcTime: 0,
  });
}

const groupsKey = (hub: string) => ['consumer-groups', hub];

export function useConsumerGroups(hub: string) {
  return useQuery({
    queryKey: groupsKey(hub),
    queryFn: async () => (await callUi<{ value: ConsumerGroup[] }>('GET', apiPath('hubs', hub, 'consumer-groups'))).value,
  });
}

export function useCreateConsumerGroup(hub: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => callUi<ConsumerGroup>('POST', apiPath('hubs', hub, 'consumer-groups'), { body: { name } }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: groupsKey(hub) }),
  });
}

export function useDeleteConsumerGroup(hub: string, name: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callUi<void>('DELETE', apiPath('hubs', hub, 'consumer-groups', name)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: groupsKey(hub) }),
  });
}
