import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { HubConfiguration, HubJob, HubTestedQueries, JsonValue } from './contract.ts';
import { apiPath, callHub } from './http.ts';

const jobsKey = (hub: string) => ['hub-jobs', hub];

/** By when they were made; while jobs are worked off the page shows how far they are. */
export function useHubJobs(hub: string) {
  return useInfiniteQuery({
    queryKey: jobsKey(hub),
    queryFn: ({ pageParam }) =>
      callHub<HubJob[]>('GET', hub, 'jobs/v2/query', { headers: pageParam ? { 'x-ms-continuation': pageParam } : {} }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.continuation,
    refetchInterval: 3_000,
  });
}

export type JobPut = { queryCondition: string } & (
  | { type: 'scheduleUpdateTwin'; updateTwin: Record<string, JsonValue> }
  | { type: 'scheduleDeviceMethod'; cloudToDeviceMethod: { methodName: string; payload: JsonValue } }
);

export function useCreateHubJob(hub: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, body }: { id: string; body: JobPut }) => callHub<HubJob>('PUT', hub, apiPath('jobs', 'v2', id), { body }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: jobsKey(hub) }),
  });
}

export function useCancelHubJob(hub: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => callHub<HubJob>('POST', hub, apiPath('jobs', 'v2', id, 'cancel')),
    onSettled: () => queryClient.invalidateQueries({ queryKey: jobsKey(hub) }),
  });
}

const configurationsKey = (hub: string) => ['hub-configurations', hub];

export function useHubConfigurations(hub: string) {
  return useQuery({
    queryKey: configurationsKey(hub),
    queryFn: async () => (await callHub<HubConfiguration[]>('GET', hub, 'configurations')).json,
    refetchInterval: 5_000,
  });
}

export type ConfigurationPut = {
  id: string;
  /** Of the one that is changed; a new one has none. */
  etag?: string | undefined;
  content?: Record<string, JsonValue>;
  targetCondition: string;
  priority: number;
};

export function useSaveHubConfiguration(hub: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, etag, ...body }: ConfigurationPut) =>
      callHub<HubConfiguration>('PUT', hub, apiPath('configurations', id), {
        body,
        headers: etag === undefined ? {} : { 'if-match': `"${etag}"` },
      }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: configurationsKey(hub) }),
  });
}

export function useDeleteHubConfiguration(hub: string, id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callHub<void>('DELETE', hub, apiPath('configurations', id)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: configurationsKey(hub) }),
  });
}

/** What is wrong with a condition; an empty text for nothing. */
export function useTestCondition(hub: string) {
  return useMutation({
    mutationFn: async (targetCondition: string) =>
      (await callHub<HubTestedQueries>('POST', hub, 'configurations/testQueries', { body: { targetCondition } })).json
        .targetConditionError,
  });
}
