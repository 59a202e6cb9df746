import { z } from 'zod';
import { formatInstant, minuteMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { Hub } from '#hub/hub.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { formatBlobPath } from '#wire/azure/blob-name.ts';
import { formatBlobSas } from '#wire/azure/blob-sas.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';
import type { FileService } from './file-service.ts';

const route = defineRoute<UserCaller, Permission>();

const name = z.string().min(1).max(1024);
const hub = z.string().max(64).optional();
/** Of devices, or of routed events. */
const of = z.enum(['devices', 'events']).optional();
type Of = { readonly hub?: string | undefined; readonly of?: 'devices' | 'events' | undefined };
const pageSize = 500;
/** How long a link to one file is good. */
const linkMs = 10 * minuteMs;

/** Files that devices uploaded, for the owner. */
export function fileAdminRoutes(
  { clock }: Pick<Platform, 'clock'>,
  files: FileService,
  caFile: string,
  hubOf: (query: { hub?: string | undefined }) => Hub,
): Route<UserCaller, Permission>[] {
  /** Throws Problem `not-found` for a hub that is not there, and `conflict` where the files are not ours. */
  function containerOf(query: Of): string {
    const { name: hubName } = hubOf(query);
    if (query.of === 'events' && files.http) return files.eventsContainerOf(hubName);
    if (files.http) return files.containerOf(hubName);
    const { hostName, containerName } = files.of(hubName).target;
    throw new Problem('conflict', `Devices write their files to ${hostName}/${containerName}; look there.`);
  }
  return [
    route({
      method: 'GET',
      path: '/hub/files',
      permission: 'devices.read',
      summary: 'The files of a hub’s devices by name, 500 at a time from behind `after` on',
      query: z.strictObject({ hub, of, prefix: z.string().max(1024).optional(), after: name.optional() }),
      async handle({ query: { prefix, after, ...query } }) {
        const page = { ...(prefix !== undefined && { prefix }), ...(after !== undefined && { after }), max: pageSize };
        const value = (await files.store.list(containerOf(query), page)).map((blob) => ({
          name: blob.name,
          bytes: blob.bytes,
          modifiedAt: formatInstant(blob.modifiedAt),
          ...(blob.contentType !== undefined && { contentType: blob.contentType }),
        }));
        return { json: { value, ...(value.length === pageSize && { after: value.at(-1)?.name }) } };
      },
    }),
    route({
      method: 'POST',
      path: '/hub/files/link',
      readsOnly: true,
      permission: 'devices.raw',
      summary: 'A URL that fetches one file within ten minutes, or writes it',
      query: z.strictObject({ hub, of }),
      body: z.strictObject({ name, access: z.enum(['read', 'write']).default('read') }),
      async handle({ query, body: { name: blobName, access } }) {
        const address = { container: containerOf(query), name: blobName };
        if (access === 'read' && !(await files.store.load(address))) throw noFile();
        const permissions = access === 'read' ? 'r' : 'rw';
        const sas = formatBlobSas(files.key, address, { permissions, expiresAt: plus(clock.now(), linkMs) });
        const origin = `https://${files.hostName}`;
        const container = `${origin}/${address.container}`;
        return { json: { url: `${origin}${formatBlobPath(address)}${sas}`, container, caFile } };
      },
    }),
    route({
      method: 'DELETE',
      path: '/hub/files',
      permission: 'devices.write',
      summary: 'Deletes one file',
      query: z.strictObject({ hub, of, name }),
      async handle({ query }) {
        if (!(await files.store.delete({ container: containerOf(query), name: query.name }))) throw noFile();
        return { status: 204 };
      },
    }),
  ];
}

function noFile(): Problem {
  return new Problem('not-found', 'There is no file of this name.');
}
