import { useQuery } from '@tanstack/react-query';
import type { Refusal } from './contract.ts';
import { apiPath, callUi } from './http.ts';

export type RefusalFilter = {
  service?: string | undefined;
  subject?: string | undefined;
  hub?: string | undefined;
  group?: string | undefined;
};

/** Who was turned away, and why. */
export function useRefusals({ service, subject, hub, group }: RefusalFilter) {
  return useQuery({
    queryKey: ['refusals', service, subject, hub, group],
    queryFn: async () =>
      (await callUi<{ value: Refusal[] }>('GET', 'refusals', { query: { service, subject, hub, group, limit: 200 } })).value,
    refetchInterval: 10_000,
  });
}

/** All that is known of one refusal. */
export function useRefusal(id: string) {
  return useQuery({
    queryKey: ['refusals', 'one', id],
    queryFn: () => callUi<Refusal>('GET', apiPath('refusals', id)),
    refetchInterval: 10_000,
  });
}
