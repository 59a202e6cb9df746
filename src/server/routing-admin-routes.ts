import { z } from 'zod';
import { formatInstant } from '#base/instant.ts';
import type { Hub } from '#hub/hub.ts';
import { parseRouteSource } from '#hub/routing/route.ts';
import { formatRecord } from '#hub/routing/routed-event.ts';
import { testCondition } from '#hub/routing/test-route.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

const route = defineRoute<UserCaller, Permission>();
const hub = z.string().max(64).optional();
const hubQuery = z.strictObject({ hub });

const endpointNames = z.array(z.string().max(64)).min(1).max(16);
const text = z.record(z.string().max(256), z.string().max(65_536));
const routeBody = z.strictObject({
  source: z.string().max(64),
  condition: z.string().max(8_192).optional(),
  endpointNames,
  isEnabled: z.boolean().optional(),
});
const destinationBody = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('webhook'), url: z.string().max(2_048) }),
  z.strictObject({ type: z.literal('amqp'), url: z.string().max(2_048), address: z.string().max(512) }),
  z.strictObject({
    type: z.literal('files'),
    fileNameFormat: z.string().max(256).optional(),
    batchSeconds: z.number().int().optional(),
    chunkBytes: z.number().int().optional(),
  }),
]);
const testBody = z.strictObject({
  condition: z.string().max(8_192),
  message: z
    .strictObject({ body: z.string().optional(), appProperties: text.optional(), systemProperties: text.optional() })
    .optional(),
});

const lettersMax = 1_000;

/** Where a hub's events go (hub-service-protocol.md 6, 10.3, 10.4), for its owner. */
export function routingAdminRoutes(
  hubOf: (query: { hub?: string | undefined }) => Pick<Hub, 'routing'>,
): Route<UserCaller, Permission>[] {
  const routingOf = (query: { hub?: string | undefined }) => hubOf(query).routing;
  return [
    route({
      method: 'GET',
      path: '/hub/routing',
      permission: 'hub-devices.read',
      summary: 'Routes, the fallback, enrichments and destinations with their health',
      query: hubQuery,
      async handle({ query }) {
        const { routes, enrichments, isFallbackEnabled, destinations } = routingOf(query);
        return {
          json: { routes, enrichments, isFallbackEnabled, destinations: (await destinations.list()).map(describeDestination) },
        };
      },
    }),
    route({
      method: 'POST',
      path: '/hub/routing/test',
      readsOnly: true,
      permission: 'hub-devices.read',
      summary: 'What a condition says of a message that nobody sent',
      query: hubQuery,
      body: testBody,
      async handle({ query, body: { condition, message = {} } }) {
        hubOf(query);
        const { result, compilationErrors } = testCondition(condition, message, undefined);
        return { json: { result, details: { compilationErrors } } };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/routing/routes/:route',
      permission: 'hubs.write',
      summary: 'Adds a route, or changes the one of that name',
      query: hubQuery,
      body: routeBody,
      async handle({ params: { route: name = '' }, query, body }) {
        const { source, condition = '', endpointNames: names, isEnabled = true } = body;
        const asked = { name, source: parseRouteSource(source), condition, endpointNames: names, isEnabled };
        return { json: await routingOf(query).saveRoute(asked) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/hub/routing/routes/:route',
      permission: 'hubs.write',
      summary: 'Deletes a route',
      query: hubQuery,
      async handle({ params: { route: name = '' }, query }) {
        await routingOf(query).deleteRoute(name);
        return { status: 204 };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/routing/fallback',
      permission: 'hubs.write',
      summary: 'Whether telemetry that no route takes goes to the hub’s own endpoint',
      query: hubQuery,
      body: z.strictObject({ isEnabled: z.boolean() }),
      async handle({ query, body: { isEnabled } }) {
        await routingOf(query).setFallback(isEnabled);
        return { json: { isEnabled } };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/routing/enrichments/:key',
      permission: 'hubs.write',
      summary: 'Adds a property to events on their way to some destinations',
      query: hubQuery,
      body: z.strictObject({ value: z.string().max(1_024), endpointNames }),
      handle: async ({ params: { key = '' }, query, body }) => ({
        json: await routingOf(query).saveEnrichment({ key, ...body }),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/hub/routing/enrichments/:key',
      permission: 'hubs.write',
      summary: 'Adds the property no more',
      query: hubQuery,
      async handle({ params: { key = '' }, query }) {
        await routingOf(query).deleteEnrichment(key);
        return { status: 204 };
      },
    }),
    route({
      method: 'PUT',
      path: '/hub/routing/destinations/:destination',
      permission: 'hubs.write',
      summary: 'Adds a destination, which gets what is routed to it from now on',
      query: hubQuery,
      body: destinationBody,
      async handle({ params: { destination = '' }, query, body }) {
        const { name, settings } = await routingOf(query).createDestination(destination, body);
        return { status: 201, json: { name, ...settings } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/hub/routing/destinations/:destination',
      permission: 'hubs.write',
      summary: 'Deletes a destination with its dead letters; no route may lead there',
      query: hubQuery,
      async handle({ params: { destination = '' }, query }) {
        await routingOf(query).deleteDestination(destination);
        return { status: 204 };
      },
    }),
    route({
      method: 'GET',
      path: '/hub/routing/destinations/:destination/dead-letters',
      permission: 'hub-devices.read',
      summary: 'Events that the destination would not take, the oldest first',
      query: hubQuery,
      async handle({ params: { destination = '' }, query }) {
        const letters = await routingOf(query).destinations.listDeadLetters(destination, { max: lettersMax });
        return { json: { value: letters.map(({ failedAt, ...letter }) => ({ ...letter, failedAt: formatInstant(failedAt) })) } };
      },
    }),
    route({
      method: 'GET',
      path: '/hub/routing/destinations/:destination/dead-letters/:position',
      permission: 'hub-devices.read',
      summary: 'One of them whole, as a file would have it',
      query: hubQuery,
      async handle({ params: { destination = '', position = '' }, query }) {
        return {
          json: formatRecord(await routingOf(query).destinations.requireDeadLetter(destination, parsePosition(position))),
        };
      },
    }),
    route({
      method: 'POST',
      path: '/hub/routing/destinations/:destination/replay',
      permission: 'hubs.write',
      summary: 'Sends the destination again what it would not take',
      query: hubQuery,
      handle: async ({ params: { destination = '' }, query }) => ({
        json: await routingOf(query).destinations.replay(destination),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/hub/routing/destinations/:destination/dead-letters',
      permission: 'hubs.write',
      summary: 'Forgets what the destination would not take',
      query: hubQuery,
      handle: async ({ params: { destination = '' }, query }) => ({
        json: { discarded: await routingOf(query).destinations.discardDeadLetters(destination) },
      }),
    }),
  ];
}

/** A position that nothing can have finds nothing. */
function parsePosition(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : -1;
}

type DestinationState = Awaited<ReturnType<Hub['routing']['destinations']['list']>>[number];

function describeDestination({ name, settings, health, deadLetters }: DestinationState) {
  const { lastAttemptAt, lastSuccessAt, lastErrorAt, ...rest } = health;
  return {
    name,
    ...settings,
    deadLetters,
    health: {
      ...rest,
      ...(lastAttemptAt !== undefined && { lastAttemptAt: formatInstant(lastAttemptAt) }),
      ...(lastSuccessAt !== undefined && { lastSuccessAt: formatInstant(lastSuccessAt) }),
      ...(lastErrorAt !== undefined && { lastErrorAt: formatInstant(lastErrorAt) }),
    },
  };
}
