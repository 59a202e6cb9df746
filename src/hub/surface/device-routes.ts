import { checkIfMatch } from '#base/etag.ts';
import { parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { defineRoute, type Route, type RouteContext } from '#wire/http/route.ts';
import type { CloudToDevice } from '../cloud-to-device/cloud-to-device.ts';
import { deviceQuery, eventBatch, receiveQuery, settleQuery } from '../contract/device-requests.ts';
import type { EventLog } from '../events/event-log.ts';
import type { Faults } from '../faults/faults.ts';
import type { HubLimits } from '../hub-limits.ts';
import { identityName } from '../identity.ts';
import { telemetryOrigin } from '../messages/accept-telemetry.ts';
import { storeTelemetry } from '../messages/store-telemetry.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { batchMediaType, readBatch } from './event-batch.ts';
import { formatMessageHeaders, readMessageHeaders, telemetryBagOf } from './message-headers.ts';

export type DeviceRooms = {
  readonly platform: Platform;
  readonly events: Pick<EventLog, 'append'>;
  readonly cloudToDevice: Pick<CloudToDevice, 'receive' | 'complete' | 'reject' | 'abandon'>;
  readonly quotas: Pick<Quotas, 'take' | 'fileUploadStart'>;
  readonly limits: HubLimits;
  /** Undefined where nothing goes wrong on purpose. */
  readonly faults: Faults | undefined;
};

type DeviceRoute = Route<DeviceCaller, never>;
type Context = RouteContext<DeviceCaller, unknown, undefined>;

const route = defineRoute<DeviceCaller, never>();

/** A batch is base64 with names and punctuation around it; what is in it is measured once it is decoded. */
const batchBytesMax = 1024 * 1024;

/** The device's own calls. The routes say that they authenticate nobody because every one of them lets in a device alone. */
export function deviceRoutes({ platform, events, cloudToDevice, quotas, limits, faults }: DeviceRooms): DeviceRoute[] {
  async function send({ caller, headers, rawHeaders, bytes }: Context) {
    const origin = telemetryOrigin(platform, 'https', events, caller, '', limits.messages);
    const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
    const messages =
      mediaType === batchMediaType
        ? readBatch(checkBatch(bytes))
        : [{ bag: telemetryBagOf(readMessageHeaders(rawHeaders)), body: bytes }];
    quotas.take('telemetry', identityName(caller), messages.length);
    const kept = faults ? faults.onRequest(caller, messages) : messages;
    if (kept === 'dropped') return { isCut: true };
    if (kept.length > 0) await storeTelemetry(origin, kept);
    // Who asked for a fault of a connection gets no further request through on this one.
    return { status: 204, ...(kept.length < messages.length && { headers: { connection: 'close' } }) };
  }
  /** The token in the path decides; a header that names another means another message (6.2). One SDK spells it without a hyphen. */
  function tokenOf({ params: { lockToken = '' }, headers }: Pick<Context, 'params' | 'headers'>): string {
    checkIfMatch(headers['if-match'] ?? headers.ifmatch, lockToken);
    return lockToken;
  }
  const queue = '/devices/:deviceId/messages/devicebound';
  return [
    ...['/devices/:deviceId/messages/events', '/devices/:deviceId/modules/:moduleId/messages/events'].map((path) =>
      route({
        method: 'POST',
        path,
        permission: 'none',
        summary: 'Telemetry: one message, or a batch of them',
        query: deviceQuery,
        bodyBytesMax: batchBytesMax,
        handle: send,
      }),
    ),
    route({
      method: 'GET',
      path: queue,
      permission: 'none',
      summary: 'The next message to the device, locked for it',
      query: receiveQuery,
      async handle({ caller }) {
        quotas.take('receives', identityName(caller));
        const message = await cloudToDevice.receive(identityName(caller));
        if (!message) return { status: 204 };
        return { headers: formatMessageHeaders(message), bytes: { type: 'application/octet-stream', data: message.body } };
      },
    }),
    route({
      method: 'DELETE',
      path: `${queue}/:lockToken`,
      permission: 'none',
      summary: 'Completes a message, or rejects it',
      query: settleQuery,
      async handle({ caller, params, headers, query }) {
        const isRejected = query.reject === '' || query.reject === 'true';
        const identity = identityName(caller);
        const lockToken = tokenOf({ params, headers });
        await (isRejected ? cloudToDevice.reject(identity, lockToken) : cloudToDevice.complete(identity, lockToken));
        return { status: 204 };
      },
    }),
    route({
      method: 'POST',
      path: `${queue}/:lockToken/abandon`,
      permission: 'none',
      summary: 'Gives a message back',
      query: deviceQuery,
      async handle({ caller, params, headers }) {
        await cloudToDevice.abandon(identityName(caller), tokenOf({ params, headers }));
        return { status: 204 };
      },
    }),
  ];
}

function checkBatch(bytes: Buffer) {
  const batch = eventBatch.safeParse(parseJson(bytes, { bytesMax: batchBytesMax }));
  if (batch.success) return batch.data;
  throw new Problem('argument-invalid', 'A batch is an array of 1 to 1000 objects with body, base64Encoded and properties.');
}
