import { useQuery } from '@tanstack/react-query';
import type { DeviceTemplate, Page } from './contract.ts';
import { apiPath, callPublic } from './http.ts';

export function useDeviceTemplates() {
  return useQuery({
    queryKey: ['templates'],
    queryFn: async () => (await callPublic<Page<DeviceTemplate>>('GET', 'deviceTemplates')).value,
    staleTime: 60_000,
  });
}

export function useDeviceTemplate(id: string | undefined) {
  return useQuery({
    queryKey: ['template', id],
    queryFn: () => callPublic<DeviceTemplate>('GET', apiPath('deviceTemplates', id ?? '')),
    enabled: id !== undefined,
    staleTime: 60_000,
  });
}
