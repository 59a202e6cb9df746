/** What back ends send about configurations (hub-service-protocol.md 4.9, 4.10). Unknown members are dropped, as the service does. */
import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { configurationLimits } from '../configurations/limits.ts';

const { conditionCharactersMax, labelsMax, textCharactersMax } = configurationLimits;

/** Any object: what a content may hold is for configurations to say. */
export const askedContent = z.custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object');

const texts = z
  .record(z.string().max(textCharactersMax), z.string().max(textCharactersMax))
  .refine((labels) => Object.keys(labels).length <= labelsMax, `at most ${labelsMax}`);

const queries = z.record(z.string().max(textCharactersMax), z.string().max(conditionCharactersMax));

export const askedConfiguration = z.object({
  id: z.string().max(1024).nullish(),
  content: askedContent.nullish(),
  targetCondition: z.string().max(conditionCharactersMax).nullish(),
  priority: z.number().nullish(),
  labels: texts.nullish(),
  metrics: z.object({ queries: queries.nullish() }).nullish(),
});

export type AskedConfiguration = z.output<typeof askedConfiguration>;

export const askedQueries = z.object({
  targetCondition: z.string().max(conditionCharactersMax).nullish(),
  customMetricQueries: queries.nullish(),
});
