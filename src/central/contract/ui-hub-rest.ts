/** What pages read in answers of the hub's own REST, below `/api/ui/hubs/{hub}/rest` (decision 0045). It answers more than this. */
import { z } from 'zod';
import { jsonValueSchema } from './json-value.ts';

const jsonObject = z.record(z.string(), jsonValueSchema);

/** `POST devices/query`: twins, or what the query made of them. */
export const hubQueryRowsSchema = z.array(jsonObject);
export type HubQueryRow = z.infer<typeof jsonObject>;

/** `GET twins/{id}`. Both sections hold `$metadata` and `$version` beside what is in them. */
export const hubTwinSchema = z.object({
  deviceId: z.string(),
  etag: z.string(),
  version: z.number(),
  modelId: z.string().optional(),
  tags: jsonObject.optional(),
  properties: z.object({ desired: jsonObject, reported: jsonObject }),
});
export type HubTwin = z.infer<typeof hubTwinSchema>;

/** `POST twins/{id}/methods`: what the device answered. */
export const hubMethodResultSchema = z.object({ status: z.number(), payload: jsonValueSchema });
export type HubMethodResult = z.infer<typeof hubMethodResultSchema>;

/** One of `GET devices/{id}/modules`. */
export const hubModuleSchema = z.object({
  moduleId: z.string(),
  managedBy: z.string().nullable(),
  connectionState: z.enum(['Connected', 'Disconnected']),
  authentication: z.object({ type: z.string() }),
});
export type HubModule = z.infer<typeof hubModuleSchema>;

/** One of `GET jobs/v2/query`. */
export const hubJobSchema = z.object({
  jobId: z.string(),
  type: z.string(),
  status: z.string(),
  queryCondition: z.string(),
  createdTime: z.string(),
  startTime: z.string(),
  endTime: z.string().optional(),
  failureReason: z.string().optional(),
  updateTwin: jsonObject.optional(),
  cloudToDeviceMethod: jsonObject.optional(),
  deviceJobStatistics: z.object({
    deviceCount: z.number(),
    failedCount: z.number(),
    succeededCount: z.number(),
    runningCount: z.number(),
    pendingCount: z.number(),
  }),
});
export type HubJob = z.infer<typeof hubJobSchema>;

const counts = z.object({ results: z.record(z.string(), z.number()), queries: z.record(z.string(), z.string()) });

/** One of `GET configurations`. */
export const hubConfigurationSchema = z.object({
  id: z.string(),
  content: jsonObject,
  targetCondition: z.string(),
  priority: z.number(),
  labels: z.record(z.string(), z.string()).nullable(),
  createdTimeUtc: z.string(),
  lastUpdatedTimeUtc: z.string(),
  systemMetrics: counts,
  metrics: counts,
  etag: z.string(),
});
export type HubConfiguration = z.infer<typeof hubConfigurationSchema>;

/** `POST configurations/testQueries`; an empty text is no error. */
export const hubTestedQueriesSchema = z.object({
  targetConditionError: z.string(),
  customMetricQueryErrors: z.record(z.string(), z.string()),
});
export type HubTestedQueries = z.infer<typeof hubTestedQueriesSchema>;
