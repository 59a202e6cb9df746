import { z } from 'zod';
import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

const section = z.custom<JsonObject>((value) => isJsonObject(value as Json), 'must be an object').nullish();
const properties = z.record(z.string().max(256), z.string().max(65_536)).nullish();

const message = z.object({ body: z.string().nullish(), appProperties: properties, systemProperties: properties }).nullish();
const twin = z.object({ tags: section, properties: z.object({ desired: section, reported: section }).nullish() }).nullish();

/** `$testnew` of hub-service-protocol.md 10.3. Members of the route that say nothing of the condition may stand there. */
export const askedRouteTest = z.object({
  message,
  route: z.object({ source: z.string().max(64).nullish(), condition: z.string().max(8_192).nullish() }),
  twin,
});
export type AskedRouteTest = z.output<typeof askedRouteTest>;

/** `$testall`. */
export const askedRoutesTest = z.object({ routingSource: z.string().max(64).nullish(), message, twin });
