import { Problem } from '#base/problem.ts';
import type { DeviceCaller } from '#trust/caller.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import { deviceQuery, uploadBegin, uploadEnd } from '../contract/device-requests.ts';
import type { FileUploads } from '../files/file-uploads.ts';
import type { Quotas } from '../quotas/quotas.ts';

type FileRoute = Route<DeviceCaller, never>;

const route = defineRoute<DeviceCaller, never>();
const bodyBytesMax = 16 * 1024;

/** File upload (hub-device-protocol.md 7). As the device's other routes, these let in a device alone. */
export function fileRoutes(files: Pick<FileUploads, 'begin' | 'end'>, quotas: Pick<Quotas, 'fileUploadStart'>): FileRoute[] {
  const common = { method: 'POST', permission: 'none', query: deviceQuery, bodyBytesMax } as const;
  const ended = { status: 204 };
  return [
    route({
      ...common,
      path: '/devices/:deviceId/files',
      summary: 'Where to write a file, and what lets the device write it',
      body: uploadBegin,
      async handle({ caller, body }) {
        quotas.fileUploadStart(caller.deviceId);
        return { json: await files.begin(caller, body.blobName) };
      },
    }),
    route({
      ...common,
      path: '/devices/:deviceId/files/notifications',
      summary: 'How an upload went, with its id in the body',
      body: uploadEnd,
      async handle({ caller, body: { correlationId, isSuccess } }) {
        if (correlationId === undefined) throw new Problem('argument-invalid', 'body.correlationId is missing.');
        await files.end(caller, correlationId, isSuccess);
        return ended;
      },
    }),
    route({
      ...common,
      path: '/devices/:deviceId/files/notifications/:correlationId',
      summary: 'How an upload went, with its id in the path',
      body: uploadEnd,
      async handle({ caller, params: { correlationId = '' }, body: { isSuccess } }) {
        await files.end(caller, correlationId, isSuccess);
        return ended;
      },
    }),
  ];
}
