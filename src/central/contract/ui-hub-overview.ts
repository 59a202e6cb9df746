import { z } from 'zod';
import { hubSchema } from './ui-hubs.ts';

/** `GET /api/ui/hubs/{hub}`: one hub, how many devices it has and where its events are read. */
export const hubOverviewSchema = hubSchema.extend({
  disabledCount: z.number(),
  connectedCount: z.number(),
  /** The Event-Hubs-compatible endpoint. */
  events: z.object({
    hostName: z.string(),
    entity: z.string(),
    partitions: z.number(),
    /** `ok`, or why the log of events takes nothing. */
    state: z.enum(['ok', 'full', 'failed', 'closed']),
    consumerGroups: z.number(),
  }),
});
export type HubOverview = z.infer<typeof hubOverviewSchema>;

/** `GET …/counters`: two answers make a rate. */
export const hubCountersSchema = z.object({
  at: z.string(),
  /** Events that readers of the hub's endpoint saw since the hub was made. */
  events: z.number(),
  connectedCount: z.number(),
});
export type HubCounters = z.infer<typeof hubCountersSchema>;

/** One of `GET …/policies`. It holds no key. */
export const hubPolicySchema = z.object({ name: z.string(), rights: z.array(z.string()) });
export const hubPolicyListSchema = z.object({ value: z.array(hubPolicySchema) });
export type HubPolicy = z.infer<typeof hubPolicySchema>;

const pair = z.object({ primary: z.string(), secondary: z.string() });

/** `GET …/policies/{name}/keys`. Whoever has one of them can be the back end. */
export const hubPolicyKeysSchema = z.object({
  keys: pair,
  connectionStrings: pair,
  /** For clients of Event Hubs, of a policy that may read events. */
  eventConnectionStrings: pair.optional(),
});
export type HubPolicyKeys = z.infer<typeof hubPolicyKeysSchema>;

/** One of `GET …/consumer-groups`. */
export const consumerGroupSchema = z.object({
  name: z.string(),
  createdAt: z.string(),
  /** Of `$Default`, which stays. */
  isAlwaysThere: z.boolean(),
});
export const consumerGroupListSchema = z.object({ value: z.array(consumerGroupSchema) });
export type ConsumerGroup = z.infer<typeof consumerGroupSchema>;

/** `POST …/consumer-groups`. The hub judges the name. */
export const consumerGroupPostSchema = z.strictObject({ name: z.string().max(256) });
