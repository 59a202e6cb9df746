import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { JsonValue, PropertyRow } from './contract.ts';
import { apiPath, callPublic, callUi } from './http.ts';

export const propertyKey = (id: string) => ['device', id, 'properties'] as const;

export function useProperties(id: string) {
  return useQuery({
    queryKey: propertyKey(id),
    queryFn: async () => (await callUi<{ value: PropertyRow[] }>('GET', `${apiPath('devices', id)}/properties`)).value,
  });
}

/** Asks the device for new values; they are Pending until it acknowledges them. */
export function useSetProperties(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (values: Record<string, JsonValue>) =>
      callPublic<unknown>('PATCH', `${apiPath('devices', id)}/properties`, { body: values }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: propertyKey(id) }),
  });
}
