import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { type AskedBulkEntry, askedBulk, versionOnly } from '../contract/service-requests.ts';
import { bulkTarget } from './bulk-target.ts';
import { serviceErrorOf } from './service-errors.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** A hundred identities, each with a full twin. */
const bodyBytesMax = 8 * 1024 * 1024;

/** Many identities in one call (hub-service-protocol.md 4.2), one after the other; what fails does not undo the rest. */
export function bulkRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/devices',
      permission: 'RegistryWrite',
      summary: 'Creates, changes and deletes up to 100 identities of devices and modules',
      query: versionOnly,
      body: askedBulk,
      bodyBytesMax,
      async handle({ body, trackingId }) {
        checkEntries(body);
        const errors = [];
        for (const entry of body) {
          try {
            await apply(rooms, entry);
          } catch (error) {
            const problem = asProblem(error);
            if (problem.code === 'internal') {
              platform.log.error('bulk.failed', { trackingId, deviceId: entry.id, cause: String(problem.cause) });
            }
            errors.push({
              deviceId: entry.id,
              errorCode: serviceErrorOf(problem).name,
              errorStatus: problem.message,
              moduleId: entry.moduleId ?? null,
              operation: null,
            });
          }
        }
        return { status: errors.length === 0 ? 200 : 400, json: { isSuccessful: errors.length === 0, errors, warnings: [] } };
      },
    }),
  ];
}

function checkEntries(entries: readonly AskedBulkEntry[]): void {
  if (entries.length === 0) throw new Problem('argument-invalid', 'The call names no device.');
  const seen = new Set<string>();
  for (const { id, moduleId } of entries) {
    const name = `${id}/${moduleId ?? ''}`;
    if (seen.has(name)) throw new Problem('argument-invalid', `The device ${id} is named twice.`, { reason: 'defined-twice' });
    seen.add(name);
  }
}

async function apply(rooms: ServiceRooms, entry: AskedBulkEntry): Promise<void> {
  const target = bulkTarget(rooms, entry);
  const tag = entry.eTag ?? entry.etag ?? undefined;
  switch (entry.importMode?.toLowerCase() ?? 'createorupdate') {
    case 'create':
      return target.create();
    case 'createorupdate':
      return (await target.exists()) ? target.update() : target.create();
    case 'createorupdateifmatchetag':
      return (await target.exists()) ? target.update(requireTag(tag)) : target.create();
    case 'update':
      return target.update();
    case 'updateifmatchetag':
      return target.update(requireTag(tag));
    case 'delete':
      return target.delete();
    case 'deleteifmatchetag':
      return target.delete(requireTag(tag));
    case 'updatetwin':
      return target.updateTwin();
    case 'updatetwinifmatchetag':
      return target.updateTwin(requireTag(entry.twinETag ?? tag));
    default:
      throw new Problem('argument-invalid', 'There is no such import mode.');
  }
}

function requireTag(tag: string | undefined): string {
  if (tag !== undefined) return tag;
  throw new Problem('argument-invalid', 'This import mode needs an entity tag.');
}
