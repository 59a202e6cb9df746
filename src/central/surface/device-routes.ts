import { checkIfMatch } from '#base/etag.ts';
import { type DeviceBody, devicePatchSchema, devicePutSchema } from '../contract/devices.ts';
import { apiQuerySchema, pageQuerySchema } from '../contract/page.ts';
import { type Device, isEnabled } from '../devices/device.ts';
import type { DeviceCredentials } from '../devices/device-credentials.ts';
import type { Devices } from '../devices/devices.ts';
import { page } from './paging.ts';
import { type CentralRoute, centralRoute, requireUser } from './route.ts';

/** `/api/devices`: the public API's devices (central.md 4.2). */
export function buildDeviceRoutes(rooms: { devices: Devices; credentials: DeviceCredentials; idScope: string }): CentralRoute[] {
  const { devices } = rooms;
  return [
    centralRoute({
      method: 'GET',
      path: '/api/devices',
      permission: 'devices.read',
      summary: 'List devices in order of id.',
      query: pageQuerySchema,
      async handle({ query, headers }) {
        const { items, ...rest } = await page(
          { query, headers, path: '/api/devices' },
          (after, limit) => devices.list(after, limit),
          (device) => device.deviceId,
        );
        return { json: { value: items.map(formatDevice), ...rest } };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/devices/:deviceId',
      permission: 'devices.read',
      summary: 'Get a device.',
      query: apiQuerySchema,
      handle: async ({ params }) => ({ json: formatDevice(await devices.require(params.deviceId ?? '')) }),
    }),
    centralRoute({
      method: 'PUT',
      path: '/api/devices/:deviceId',
      permission: 'devices.write',
      summary: 'Create a device, or replace what can be changed of it.',
      query: apiQuerySchema,
      body: devicePutSchema,
      async handle({ caller, params, body, headers }) {
        const deviceId = params.deviceId ?? '';
        const existing = await devices.load(deviceId);
        const change = {
          ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
          ...(body.template === undefined ? {} : { templateId: body.template }),
          ...(body.enabled === undefined ? {} : { isEnabled: body.enabled }),
        };
        if (!existing) return { json: formatDevice(await devices.create(requireUser(caller), deviceId, change)) };
        checkIfMatch(headers['if-match'], existing.etag);
        return { json: formatDevice(await devices.change(requireUser(caller), deviceId, change, etagOf(headers, existing))) };
      },
    }),
    centralRoute({
      method: 'PATCH',
      path: '/api/devices/:deviceId',
      permission: 'devices.write',
      summary: 'Rename, assign a template, block, unblock or approve a device.',
      query: apiQuerySchema,
      body: devicePatchSchema,
      async handle({ caller, params, body, headers }) {
        const existing = await devices.require(params.deviceId ?? '');
        checkIfMatch(headers['if-match'], existing.etag);
        const changed = await devices.change(
          requireUser(caller),
          existing.deviceId,
          {
            ...(body.displayName === undefined ? {} : { displayName: body.displayName }),
            ...(body.template === undefined ? {} : { templateId: body.template ?? undefined }),
            ...(body.enabled === undefined ? {} : { isEnabled: body.enabled }),
          },
          etagOf(headers, existing),
        );
        return { json: formatDevice(changed) };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path: '/api/devices/:deviceId',
      permission: 'devices.write',
      summary: 'Delete a device here, in the hub and in the provisioning service.',
      query: apiQuerySchema,
      async handle({ caller, params, headers }) {
        const existing = await devices.require(params.deviceId ?? '');
        checkIfMatch(headers['if-match'], existing.etag);
        await devices.delete(requireUser(caller), existing.deviceId);
        return { status: 204 };
      },
    }),
    centralRoute({
      method: 'GET',
      path: '/api/devices/:deviceId/credentials',
      // Whoever reads the keys can be the device.
      permission: 'devices.write',
      summary: 'What a device needs to know to register; works before it was provisioned.',
      query: apiQuerySchema,
      async handle({ params }) {
        const device = await devices.require(params.deviceId ?? '');
        const symmetricKey = await rooms.credentials.loadKeys(device);
        return { json: { idScope: rooms.idScope, ...(symmetricKey && { symmetricKey }) } };
      },
    }),
  ];
}

export function formatDevice(device: Device): DeviceBody {
  return {
    id: device.deviceId,
    etag: device.etag,
    displayName: device.displayName,
    ...(device.templateId === undefined ? {} : { template: device.templateId }),
    enabled: isEnabled(device),
    provisioned: device.isProvisioned,
    simulated: device.isSimulated,
  };
}

/** The etag to hold on to while changing, where the client asked for that. */
function etagOf(headers: Readonly<Record<string, string>>, device: Device): string | undefined {
  return headers['if-match'] === undefined ? undefined : device.etag;
}
