import { quoteEtag } from '#base/etag.ts';
import { versionOnly } from '../contract/service-requests.ts';
import { identityName } from '../identity.ts';
import { formatFeedback } from './format-feedback.ts';
import { newMessageOf, readMessageHeaders } from './message-headers.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** Messages to devices, and what became of them (hub-service-protocol.md 4.12). */
export function messageRoutes({ cloudToDevice }: Pick<ServiceRooms, 'cloudToDevice'>): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/devices/:deviceId/messages/deviceBound',
      permission: 'ServiceConnect',
      summary: 'Queues a message for a device',
      query: versionOnly,
      bodyBytesMax: cloudToDevice.limits.messageBytesMax,
      async handle({ caller, headers, rawHeaders, bytes }) {
        await cloudToDevice.send(caller.deviceId, newMessageOf(readMessageHeaders(rawHeaders), headers, bytes));
        return { status: 204 };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/devices/:deviceId/modules/:moduleId/inputs/:input',
      permission: 'ServiceConnect',
      summary: 'Queues a message for an input of a module',
      query: versionOnly,
      bodyBytesMax: cloudToDevice.limits.messageBytesMax,
      async handle({ caller, params: { moduleId = '', input }, headers, rawHeaders, bytes }) {
        const message = newMessageOf(readMessageHeaders(rawHeaders), headers, bytes);
        await cloudToDevice.send(identityName({ deviceId: caller.deviceId, moduleId }), { ...message, input });
        return { status: 204 };
      },
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/devices/:deviceId/commands',
      permission: 'ServiceConnect',
      summary: 'Gives up every message that waits for a device',
      query: versionOnly,
      async handle({ caller: { deviceId } }) {
        return { json: { totalMessagesPurged: await cloudToDevice.purge(deviceId), deviceId, moduleId: null } };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/messages/serviceBound/feedback',
      permission: 'ServiceConnect',
      summary: 'What became of messages whose senders asked, locked for the caller',
      query: versionOnly,
      async handle() {
        const batch = await cloudToDevice.feedback.receive();
        if (!batch) return { status: 204 };
        return { headers: { etag: quoteEtag(batch.lockToken) }, json: batch.records.map(formatFeedback) };
      },
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/messages/serviceBound/feedback/:lockToken',
      readsOnly: true,
      permission: 'ServiceConnect',
      summary: 'The caller is done with this feedback',
      query: versionOnly,
      async handle({ params }) {
        await cloudToDevice.feedback.complete(params.lockToken ?? '');
        return { status: 204 };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/messages/serviceBound/feedback/:lockToken/abandon',
      readsOnly: true,
      permission: 'ServiceConnect',
      summary: 'Gives feedback back for another reader',
      query: versionOnly,
      async handle({ params }) {
        await cloudToDevice.feedback.abandon(params.lockToken ?? '');
        return { status: 204 };
      },
    }),
  ];
}
