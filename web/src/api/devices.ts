import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Device, DeviceDetail, DevicePatch, DevicePut, DeviceRow } from './contract.ts';
import { apiPath, callPublic, callUi } from './http.ts';

export const deviceKeys = {
  list: ['devices'] as const,
  one: (id: string) => ['device', id] as const,
  detail: (id: string) => ['device', id, 'detail'] as const,
};

export function useDevices() {
  return useQuery({
    queryKey: deviceKeys.list,
    queryFn: async () => (await callUi<{ value: DeviceRow[] }>('GET', 'devices')).value,
  });
}

export function useDevice(id: string) {
  return useQuery({ queryKey: deviceKeys.detail(id), queryFn: () => callUi<DeviceDetail>('GET', apiPath('devices', id)) });
}

function useDeviceChange<Input, Output>(change: (input: Input) => Promise<Output>) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: deviceKeys.list }),
        queryClient.invalidateQueries({ queryKey: ['device'] }),
      ]),
  });
}

export function useCreateDevice() {
  return useDeviceChange((input: { id: string; body: DevicePut }) =>
    callPublic<Device>('PUT', apiPath('devices', input.id), { body: input.body }),
  );
}

/** Rename, block, unblock, approve, assign a template. */
export function usePatchDevice(id: string) {
  return useDeviceChange((body: DevicePatch) => callPublic<Device>('PATCH', apiPath('devices', id), { body }));
}

export function useDeleteDevice(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callPublic<void>('DELETE', apiPath('devices', id)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: deviceKeys.list }),
  });
}
