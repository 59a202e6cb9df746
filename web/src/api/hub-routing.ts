import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { HubDeadLetter, HubEnrichment, HubReplay, HubRoute, HubRouteTest, HubRouting, JsonValue } from './contract.ts';
import { apiPath, callUi } from './http.ts';

const keyOf = (hub: string) => ['hub-routing', hub];

/** Destinations come and go away by themselves: while the page is open it is asked again. */
export function useHubRouting(hub: string) {
  return useQuery({
    queryKey: keyOf(hub),
    queryFn: () => callUi<HubRouting>('GET', 'hub/routing', { query: { hub } }),
    refetchInterval: 5_000,
  });
}

function useChange<Input, Output>(hub: string, change: (input: Input) => Promise<Output>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () => queryClient.invalidateQueries({ queryKey: keyOf(hub) }),
  });
}

export function useSaveRoute(hub: string) {
  return useChange(hub, ({ name, ...body }: HubRoute) =>
    callUi<HubRoute>('PUT', `hub/routing/${apiPath('routes', name)}`, { query: { hub }, body }),
  );
}

export function useSetFallback(hub: string) {
  return useChange(hub, (isEnabled: boolean) => callUi('PUT', 'hub/routing/fallback', { query: { hub }, body: { isEnabled } }));
}

export function useSaveEnrichment(hub: string) {
  return useChange(hub, ({ key, ...body }: HubEnrichment) =>
    callUi<HubEnrichment>('PUT', `hub/routing/${apiPath('enrichments', key)}`, { query: { hub }, body }),
  );
}

export type NewDestination = { name: string } & (
  | { type: 'webhook'; url: string }
  | { type: 'amqp'; url: string; address: string }
  | { type: 'files' }
);

export function useCreateDestination(hub: string) {
  return useChange(hub, ({ name, ...body }: NewDestination) =>
    callUi('PUT', `hub/routing/${apiPath('destinations', name)}`, { query: { hub }, body }),
  );
}

export type RoutingPart = 'routes' | 'enrichments' | 'destinations';

export function useDeleteRoutingPart(hub: string, part: RoutingPart, name: string) {
  return useChange(hub, () => callUi<void>('DELETE', `hub/routing/${apiPath(part, name)}`, { query: { hub } }));
}

/** What a condition says; where it goes wrong stands in the details. */
export function useTestRoute() {
  return useMutation({
    mutationFn: (condition: string) => callUi<HubRouteTest>('POST', 'hub/routing/test', { body: { condition } }),
  });
}

/** `count`: how many there are now; with another number they are others. */
export function useDeadLetters(hub: string, destination: string, count: number) {
  return useQuery({
    queryKey: [...keyOf(hub), 'dead-letters', destination, count],
    placeholderData: keepPreviousData,
    enabled: count > 0,
    queryFn: async () =>
      (
        await callUi<{ value: HubDeadLetter[] }>('GET', `hub/routing/${apiPath('destinations', destination)}/dead-letters`, {
          query: { hub },
        })
      ).value,
  });
}

/** One whole. It does not change: what is done with it takes it away, and it must not be asked for again then. */
export function useDeadLetter(hub: string, destination: string, position: number) {
  return useQuery({
    queryKey: ['hub-dead-letter', hub, destination, position],
    queryFn: () =>
      callUi<JsonValue>('GET', `hub/routing/${apiPath('destinations', destination, 'dead-letters', String(position))}`, {
        query: { hub },
      }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useReplayDeadLetters(hub: string, destination: string) {
  return useChange(hub, () =>
    callUi<HubReplay>('POST', `hub/routing/${apiPath('destinations', destination)}/replay`, { query: { hub } }),
  );
}

export function useDiscardDeadLetters(hub: string, destination: string) {
  return useChange(hub, () =>
    callUi('DELETE', `hub/routing/${apiPath('destinations', destination)}/dead-letters`, { query: { hub } }),
  );
}
