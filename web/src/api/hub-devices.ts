import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type {
  DeviceMessagePost,
  DeviceMessageQueued,
  HubConnectionStrings,
  HubDevice,
  HubDeviceDetail,
  HubDeviceList,
  HubDevicePatch,
  HubDevicePut,
} from './contract.ts';
import { apiPath, callUi } from './http.ts';

export const hubDeviceKeys = {
  list: (hub: string) => ['hub-devices', hub] as const,
  one: (hub: string, id: string) => ['hub-device', hub, id] as const,
};

/** The devices of a hub, a thousand at a time, in order of id. */
export function useHubDevices(hub: string) {
  return useInfiniteQuery({
    queryKey: hubDeviceKeys.list(hub),
    queryFn: ({ pageParam }) => callUi<HubDeviceList>('GET', apiPath('hubs', hub, 'devices'), { query: { after: pageParam } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    // Who has loaded a long list refreshes it by hand: it would be asked for whole, again and again.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 1) === 1 ? 10_000 : false),
  });
}

/** Devices of a hub come and go by other hands too: while the page is open it is asked again. */
export function useHubDevice(hub: string, id: string) {
  return useQuery({
    queryKey: hubDeviceKeys.one(hub, id),
    queryFn: () => callUi<HubDeviceDetail>('GET', apiPath('hubs', hub, 'devices', id)),
    refetchInterval: 5_000,
  });
}

function useChange<Input, Output>(hub: string, change: (input: Input) => Promise<Output>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: hubDeviceKeys.list(hub) }),
        queryClient.invalidateQueries({ queryKey: ['hub-device', hub] }),
      ]),
  });
}

export type NewHubDevice = { id: string; body: HubDevicePut };

export function useCreateHubDevice(hub: string) {
  return useChange(hub, ({ id, body }: NewHubDevice) => callUi<HubDevice>('PUT', apiPath('hubs', hub, 'devices', id), { body }));
}

/** Enable, disable, other thumbprints. */
export function usePatchHubDevice(hub: string, id: string) {
  return useChange(hub, (body: HubDevicePatch) => callUi<HubDevice>('PATCH', apiPath('hubs', hub, 'devices', id), { body }));
}

export function useSendDeviceMessage(hub: string, id: string) {
  return useChange(hub, (body: DeviceMessagePost) =>
    callUi<DeviceMessageQueued>('POST', apiPath('hubs', hub, 'devices', id, 'messages'), { body }),
  );
}

export function useDeleteHubDevice(hub: string, id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callUi<void>('DELETE', apiPath('hubs', hub, 'devices', id)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: hubDeviceKeys.list(hub) }),
  });
}

/** Asked for when somebody wants to see them, and forgotten when they are hidden: they hold the keys. */
export function useConnectionStrings(hub: string, id: string) {
  return useMutation({
    mutationFn: () => callUi<HubConnectionStrings>('GET', apiPath('hubs', hub, 'devices', id, 'connection-strings')),
    gcTime: 0,
  });
}
