import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CommandRequest, DeviceCommand, Page } from './contract.ts';
import { apiPath, callPublic } from './http.ts';

export const commandKeys = {
  all: (id: string) => ['device', id, 'commands'] as const,
  one: (id: string, name: string) => ['device', id, 'commands', name] as const,
};

/** What was asked of the device under this name, newest first. */
export function useCommandHistory(id: string, name: string) {
  return useQuery({
    queryKey: commandKeys.one(id, name),
    queryFn: async () => (await callPublic<Page<DeviceCommand>>('GET', apiPath('devices', id, 'commands', name))).value,
  });
}

export function useRunCommand(id: string, name: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: CommandRequest) => callPublic<DeviceCommand>('POST', apiPath('devices', id, 'commands', name), { body }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: commandKeys.one(id, name) }),
  });
}
