import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { setServerAhead } from '../components/server-time.ts';
import type { Clock, Rehearsal } from './contract.ts';
import { ApiError, callUi } from './http.ts';
import { sessionKey } from './session.ts';

/** What the server's clock shows. It can change only where the data directory was made for development. */
export function useClock() {
  const clock = useQuery({
    queryKey: ['clock'],
    queryFn: () => callUi<Clock>('GET', 'clock'),
    refetchInterval: ({ state: { data } }) => (data?.isDevelopment ? (data.motion === 'still' ? 5_000 : 1_000) : false),
    staleTime: 0,
  });
  const aheadMs = clock.data?.aheadMs;
  useEffect(() => {
    if (aheadMs !== undefined) setServerAhead(aheadMs);
  }, [aheadMs]);
  // A clock that was moved past the end of the session: whoever looks at the page learns it now, not at the next click.
  const isSignedOut = clock.error instanceof ApiError && clock.error.status === 401;
  const queryClient = useQueryClient();
  useEffect(() => {
    if (isSignedOut) void queryClient.invalidateQueries({ queryKey: sessionKey });
  }, [isSignedOut, queryClient]);
  return clock;
}

/** Which devices will be let in no more. Working it out for a large fleet takes a while, so it is asked for once. */
export function useRehearsal(until: string) {
  return useQuery({
    queryKey: ['rehearsal', until],
    queryFn: () => callUi<Rehearsal>('GET', 'rehearsal', { query: { until } }),
    staleTime: 60_000,
    retry: false,
  });
}
