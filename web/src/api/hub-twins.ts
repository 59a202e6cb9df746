import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { HubMethodResult, HubModule, HubQueryRow, HubTwin, JsonValue } from './contract.ts';
import { apiPath, callHub } from './http.ts';
import { hubDeviceKeys } from './hub-devices.ts';

const pageItems = 100;

/** Rows of a query, a page at a time; nothing is asked while `text` is empty. */
export function useHubQuery(hub: string, text: string) {
  return useInfiniteQuery({
    queryKey: ['hub-query', hub, text],
    queryFn: ({ pageParam, signal }) =>
      callHub<HubQueryRow[]>('POST', hub, 'devices/query', {
        body: { query: text },
        headers: { 'x-ms-max-item-count': String(pageItems), ...(pageParam && { 'x-ms-continuation': pageParam }) },
        signal,
      }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.continuation,
    enabled: text !== '',
    retry: false,
    gcTime: 0,
  });
}

const twinKey = (hub: string, id: string) => ['hub-twin', hub, id];

/** Devices report by themselves: while the page is open it is asked again. */
export function useHubTwin(hub: string, id: string) {
  return useQuery({
    queryKey: twinKey(hub, id),
    queryFn: async () => (await callHub<HubTwin>('GET', hub, apiPath('twins', id))).json,
    refetchInterval: 5_000,
  });
}

export type TwinPut = { etag: string; tags: Record<string, JsonValue>; desired: Record<string, JsonValue> };

/** Puts both sections in place of what is there, unless somebody changed them since `etag` was read. */
export function usePutTwin(hub: string, id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ etag, tags, desired }: TwinPut) =>
      (
        await callHub<HubTwin>('PUT', hub, apiPath('twins', id), {
          body: { tags, properties: { desired } },
          headers: { 'if-match': `"${etag}"` },
        })
      ).json,
    onSuccess: (twin) => queryClient.setQueryData(twinKey(hub, id), twin),
  });
}

export type MethodCall = {
  methodName: string;
  payload: JsonValue;
  responseTimeoutInSeconds: number;
  connectTimeoutInSeconds: number;
};

export function useCallMethod(hub: string, id: string) {
  return useMutation({
    mutationFn: async (body: MethodCall) =>
      (await callHub<HubMethodResult>('POST', hub, apiPath('twins', id, 'methods'), { body })).json,
  });
}

export function useHubModules(hub: string, id: string) {
  return useQuery({
    queryKey: ['hub-modules', hub, id],
    queryFn: async () => (await callHub<HubModule[]>('GET', hub, apiPath('devices', id, 'modules'))).json,
    refetchInterval: 10_000,
  });
}

export type KeySlot = 'primaryKey' | 'secondaryKey';

export function useRegenerateKey(hub: string, id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (policyKey: KeySlot) =>
      callHub('POST', hub, 'devices/keys/regenerate', { body: { policyKey, devices: [{ id }] } }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: hubDeviceKeys.one(hub, id) }),
  });
}
