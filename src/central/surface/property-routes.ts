import { z } from 'zod';
import { formatInstant } from '#base/instant.ts';
import { apiQuerySchema } from '../contract/page.ts';
import type { PropertyRow } from '../contract/ui-devices.ts';
import { formatProperties, type Properties, requireValues } from '../properties/properties.ts';
import type { PropertyView } from '../properties/property-rows.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

/** Properties of devices: the public shape, and the rows of the app's form. */
export function buildPropertyRoutes(rooms: { properties: Properties }): CentralRoute[] {
  const { properties } = rooms;
  const path = '/api/devices/:deviceId/properties';
  const change = (method: 'PATCH' | 'PUT', summary: string) =>
    centralRoute({
      method,
      path,
      permission: 'devices.write',
      summary,
      query: apiQuerySchema,
      body: z.json(),
      async handle({ caller, params, body }) {
        const replace = method === 'PUT';
        const views = await properties.set(requireUser(caller), params.deviceId ?? '', requireValues(body), { replace });
        return { json: formatProperties(views, formatInstant) };
      },
    });
  return [
    centralRoute({
      method: 'GET',
      path,
      permission: 'devices.read',
      summary: 'Values by name, and what is known of each in $metadata.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: formatProperties(await properties.list(params.deviceId ?? ''), formatInstant) }),
    }),
    change('PATCH', 'Ask the device for some new values.'),
    change('PUT', 'Ask the device for these values and withdraw every other request.'),
    centralRoute({
      method: 'GET',
      path: '/api/ui/devices/:deviceId/properties',
      permission: 'devices.read',
      summary: 'Properties in the order of the template, with how far each request has come.',
      handle: async ({ params }) => ({ json: { value: (await properties.list(params.deviceId ?? '')).map(formatRow) } }),
    }),
  ];
}

function formatRow(view: PropertyView): PropertyRow {
  const { capability, acknowledgement } = view;
  return {
    name: capability.name,
    displayName: capability.displayName,
    schema: capability.schema,
    writable: capability.writable,
    ...(capability.unit === undefined ? {} : { unit: capability.unit }),
    ...(view.reported === undefined ? {} : { reported: view.reported }),
    ...(view.desired === undefined ? {} : { desired: view.desired }),
    state: view.state,
    ...(acknowledgement === undefined
      ? {}
      : {
          ackCode: acknowledgement.code,
          ackVersion: acknowledgement.version,
          ...(acknowledgement.description === undefined ? {} : { ackDescription: acknowledgement.description }),
        }),
    ...(view.desiredVersion === undefined ? {} : { desiredVersion: view.desiredVersion }),
    ...(view.updatedAt === undefined ? {} : { updatedAt: formatInstant(view.updatedAt) }),
    modeled: view.isModeled,
  };
}
