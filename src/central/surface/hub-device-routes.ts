import { requireDeviceId } from '#base/ids.ts';
import { formatInstant } from '#base/instant.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { formatConnectionString } from '#wire/azure/connection-string.ts';
import {
  type HubConnectionStrings,
  type HubDevice,
  type HubDeviceDetail,
  type HubDevicePut,
  hubDevicePatchSchema,
  hubDevicePutSchema,
  hubDevicesQuerySchema,
} from '../contract/ui-hub-devices.ts';
import { type PortalHub, type PortalHubs, requireHub } from './require-hub.ts';
import { type CentralRoute, centralRoute } from './route.ts';

type Rooms = { hubs: Pick<PortalHubs, 'find'>; refusals: Pick<RefusalLog, 'count'> };
type Device = Awaited<ReturnType<PortalHub['registry']['require']>>;
type Authentication = Parameters<PortalHub['registry']['create']>[0]['authentication'];

/** One page of a list; the hub's own. */
const pageMax = 1_000;

/** `/api/ui/hubs/{hub}/devices`: identities of a hub, which connect to it without provisioning (central.md 1.15). */
export function buildHubDeviceRoutes(rooms: Rooms): CentralRoute[] {
  const path = '/api/ui/hubs/:hub/devices/:deviceId';
  const hubOf = (params: Readonly<Record<string, string>>) => requireHub(rooms.hubs, params.hub);
  const idOf = (params: Readonly<Record<string, string>>) => params.deviceId ?? '';
  return [
    centralRoute({
      method: 'GET',
      path: '/api/ui/hubs/:hub/devices',
      permission: 'hub-devices.read',
      summary: 'Devices of a hub in order of id, a thousand at a time; next is the id after which to go on.',
      query: hubDevicesQuerySchema,
      async handle({ params, query }) {
        const hub = hubOf(params);
        const devices = await hub.registry.list({ limit: pageMax, ...(query.after === undefined ? {} : { after: query.after }) });
        const last = devices.at(-1);
        const hasMore = last !== undefined && devices.length === pageMax;
        return {
          json: { value: devices.map((device) => formatHubDevice(hub, device)), ...(hasMore ? { next: last.deviceId } : {}) },
        };
      },
    }),
    centralRoute({
      method: 'GET',
      path,
      permission: 'hub-devices.read',
      summary: 'A device of a hub, its connection, and how often it was refused. Without its keys.',
      async handle({ params }) {
        const hub = hubOf(params);
        const device = await hub.registry.require(idOf(params));
        const refusalSubject = hub.refusalSubject(device.deviceId);
        const [presence, refusals, messagesWaiting] = await Promise.all([
          hub.presence.load(device.deviceId),
          rooms.refusals.count({ service: 'hub', subject: refusalSubject }),
          hub.cloudToDevice.count(device.deviceId),
        ]);
        const json: HubDeviceDetail = {
          device: formatHubDevice(hub, device),
          connection: {
            isConnected: presence?.isConnected ?? false,
            ...(presence ? { changedAt: formatInstant(presence.since) } : {}),
            ...(presence?.cause === undefined ? {} : { cause: presence.cause }),
          },
          refusals,
          messagesWaiting,
          refusalSubject,
        };
        return { json };
      },
    }),
    centralRoute({
      method: 'PUT',
      path,
      permission: 'hub-devices.write',
      summary: 'Create a device that signs in by key, by thumbprint or under a CA of the hub.',
      body: hubDevicePutSchema,
      async handle({ params, body }) {
        const hub = hubOf(params);
        const device = await hub.registry.create({
          deviceId: requireNewId(idOf(params)),
          authentication: askedAuthentication(body.authentication),
          isEnabled: body.enabled ?? true,
        });
        return { status: 201, json: formatHubDevice(hub, device) };
      },
    }),
    centralRoute({
      method: 'PATCH',
      path,
      permission: 'hub-devices.write',
      summary: 'Connect a device to the hub or not, or give it other thumbprints. A session that may no longer be ends.',
      body: hubDevicePatchSchema,
      async handle({ params, body }) {
        const hub = hubOf(params);
        let device = await hub.registry.require(idOf(params));
        if (body.thumbprints) {
          if (device.authentication.type !== 'selfSigned') {
            throw new Problem('conflict', `The device ${device.deviceId} does not sign in with a thumbprint.`);
          }
          const authentication = askedAuthentication({ type: 'selfSigned', ...body.thumbprints });
          device = await hub.registry.setAuthentication(device.deviceId, authentication);
        }
        if (body.enabled && device.ownStatus) {
          throw new Problem('conflict', `${device.statusReason} The device is let in when that is mended.`, {
            reason: 'DeviceHeld',
          });
        }
        if (body.enabled !== undefined) device = await hub.registry.setEnabled(device.deviceId, body.enabled);
        return { json: formatHubDevice(hub, device) };
      },
    }),
    centralRoute({
      method: 'DELETE',
      path,
      permission: 'hub-devices.write',
      summary: 'Delete a device with its twin, and end its connection.',
      async handle({ params }) {
        await hubOf(params).registry.delete(idOf(params));
        return { status: 204 };
      },
    }),
    centralRoute({
      method: 'GET',
      path: `${path}/connection-strings`,
      // Whoever reads the keys can be the device.
      permission: 'hub-devices.write',
      summary: 'The connection strings of a device that signs in by key. They hold its keys.',
      async handle({ params }) {
        const { hostName, registry } = hubOf(params);
        const { deviceId, authentication } = await registry.require(idOf(params));
        if (authentication.type !== 'sas') {
          throw new Problem('conflict', `The device ${deviceId} signs in with a certificate: it has no key.`);
        }
        const { primaryKey, secondaryKey } = authentication.keys.reveal();
        const withKey = (key: string) => formatConnectionString({ hostName, deviceId, sharedAccessKey: new Secret(key) });
        const json: HubConnectionStrings = { primary: withKey(primaryKey), secondary: withKey(secondaryKey) };
        return { json };
      },
    }),
  ];
}

function formatHubDevice(hub: Pick<PortalHub, 'presence'>, device: Device): HubDevice {
  const { deviceId, authentication } = device;
  const { primaryThumbprint, secondaryThumbprint } = authentication.type === 'selfSigned' ? authentication : {};
  return {
    id: deviceId,
    authentication: authentication.type,
    ...(primaryThumbprint === undefined ? {} : { primaryThumbprint }),
    ...(secondaryThumbprint === undefined ? {} : { secondaryThumbprint }),
    enabled: device.isEnabled,
    ...(device.statusReason === undefined ? {} : { statusReason: device.statusReason }),
    isConnected: hub.presence.isConnected(deviceId),
    createdAt: formatInstant(device.createdAt),
  };
}

/** As `requireDeviceId`, with a code by which a form knows which field is meant. */
function requireNewId(deviceId: string): string {
  try {
    return requireDeviceId(deviceId);
  } catch (error) {
    throw new Problem('argument-invalid', asProblem(error).message, { reason: 'InvalidDeviceId' });
  }
}

/** What is empty is left out: the room decides what that means. */
function askedAuthentication(asked: HubDevicePut['authentication']): Authentication {
  switch (asked.type) {
    case 'certificateAuthority':
      return { type: 'certificateAuthority' };
    case 'selfSigned': {
      const { primaryThumbprint, secondaryThumbprint } = asked;
      return {
        type: 'selfSigned',
        ...(primaryThumbprint ? { primaryThumbprint } : {}),
        ...(secondaryThumbprint ? { secondaryThumbprint } : {}),
      };
    }
    case 'sas': {
      const { primaryKey, secondaryKey } = asked;
      return { type: 'sas', ...(primaryKey ? { primaryKey } : {}), ...(secondaryKey ? { secondaryKey } : {}) };
    }
  }
}
