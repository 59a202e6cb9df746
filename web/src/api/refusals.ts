import { useQuery } from '@tanstack/react-query';
import type { Refusal } from './contract.ts';
import { callUi } from './http.ts';

export type RefusalFilter = { service?: string | undefined; subject?: string | undefined };

/** Who was turned away, and why. */
export function useRefusals(filter: RefusalFilter) {
  return useQuery({
    queryKey: ['refusals', filter.service, filter.subject],
    queryFn: async () =>
      (
        await callUi<{ value: Refusal[] }>('GET', 'refusals', {
          query: { service: filter.service, subject: filter.subject, limit: 200 },
        })
      ).value,
    refetchInterval: 10_000,
  });
}
