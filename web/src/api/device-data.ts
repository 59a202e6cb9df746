import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { RawResponse, SeriesResponse } from './contract.ts';
import { apiPath, callUi } from './http.ts';

export type SeriesRequest = { names: string[]; from: number; to: number; points: number };

export const dataKeys = {
  series: (id: string) => ['device', id, 'series'] as const,
  raw: (id: string) => ['device', id, 'raw'] as const,
};

/** Points of several telemetries. `windowKey` says which window is meant; `window()` is asked when the call is made. */
export function useSeries(
  id: string,
  names: string[],
  windowKey: string,
  window: () => { from: number; to: number; points: number },
) {
  return useQuery({
    queryKey: [...dataKeys.series(id), names.join(','), windowKey],
    queryFn: ({ signal }) => {
      const { from, to, points } = window();
      const query = { names: names.join(','), from: new Date(from).toISOString(), to: new Date(to).toISOString(), points };
      return callUi<SeriesResponse>('GET', `${apiPath('devices', id)}/series`, { query, signal });
    },
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
}

/** Newest first, older pages on demand. */
export function useRawData(id: string) {
  return useInfiniteQuery({
    queryKey: dataKeys.raw(id),
    queryFn: ({ pageParam }) =>
      callUi<RawResponse>('GET', `${apiPath('devices', id)}/raw`, { query: { before: pageParam, limit: 50 } }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
  });
}
