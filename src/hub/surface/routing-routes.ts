import type { JsonObject } from '#base/json.ts';
import { type AskedRouteTest, askedRoutesTest, askedRouteTest } from '../contract/routing-requests.ts';
import { versionOnly } from '../contract/service-requests.ts';
import { parseRouteSource } from '../routing/route.ts';
import { matchingRoutes, testCondition } from '../routing/test-route.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Conditions tried out on a message that nobody sent (hub-service-protocol.md 10.3). */
export function routingRoutes({ routing }: Pick<ServiceRooms, 'routing'>): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/routing/routes/$testnew',
      readsOnly: true,
      permission: 'ServiceConnect',
      summary: 'Whether a route would take a message',
      query: versionOnly,
      body: askedRouteTest,
      async handle({ body: { route, message, twin } }) {
        parseRouteSource(route.source ?? 'DeviceMessages');
        const { result, compilationErrors } = testCondition(route.condition ?? '', messageOf(message), twinOf(twin));
        return { json: { result, details: { compilationErrors } } };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/routing/routes/$testall',
      readsOnly: true,
      permission: 'ServiceConnect',
      summary: 'Which routes of the hub would take a message',
      query: versionOnly,
      body: askedRoutesTest,
      async handle({ body: { routingSource, message, twin } }) {
        const source = parseRouteSource(routingSource ?? 'DeviceMessages');
        const routes = matchingRoutes(routing.routes, source, messageOf(message), twinOf(twin));
        return { json: { routes: routes.map((route) => ({ properties: route })) } };
      },
    }),
  ];
}

function messageOf(message: AskedRouteTest['message']) {
  const { body, appProperties, systemProperties } = message ?? {};
  return { body: body ?? '', appProperties: appProperties ?? {}, systemProperties: systemProperties ?? {} };
}

function twinOf(twin: AskedRouteTest['twin']): JsonObject | undefined {
  if (twin == null) return undefined;
  const { tags, properties } = twin;
  return {
    tags: tags ?? {},
    properties: { desired: properties?.desired ?? {}, reported: properties?.reported ?? {} },
  };
}
