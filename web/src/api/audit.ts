import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { AuditEntry } from './contract.ts';
import { callUi } from './http.ts';

export type AuditQuery = {
  service?: string | undefined;
  hub?: string | undefined;
  actor?: string | undefined;
  target?: string | undefined;
  since?: string | undefined;
  until?: string | undefined;
  before?: string | undefined;
};

export const auditPageRows = 100;

/**
 * Who changed what, newest first, and whether there is more. `query` is made when it is asked: "the last hour" is another
 * hour each time, and `key` stays the same.
 */
export function useAudit(key: Readonly<Record<string, string>>, query: () => AuditQuery) {
  return useQuery({
    queryKey: ['audit', key],
    queryFn: async () => {
      const asked = { ...query(), limit: auditPageRows + 1 };
      const { value } = await callUi<{ value: AuditEntry[] }>('GET', 'audit', { query: asked });
      return { entries: value.slice(0, auditPageRows), hasMore: value.length > auditPageRows };
    },
    placeholderData: keepPreviousData,
    // Older pages do not change.
    refetchInterval: key.before ? false : 10_000,
  });
}
