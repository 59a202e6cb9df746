import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { type AskedBulkEntry, askedBulk, bulkEntriesMax, versionOnly } from '../contract/service-requests.ts';
import { serviceErrorOf } from './service-errors.ts';
import { parseIdentity } from './service-identity.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';
import { ownedOf } from './service-twin.ts';

/** A hundred identities, each with a full twin. */
const bodyBytesMax = 8 * 1024 * 1024;

/** Many identities in one call (hub-service-protocol.md 4.2), one after the other; what fails does not undo the rest. */
export function bulkRoutes(platform: Platform, rooms: ServiceRooms): ServiceRoute[] {
  return [
    serviceRoute({
      method: 'POST',
      path: '/devices',
      permission: 'RegistryWrite',
      summary: 'Creates, changes and deletes up to 100 device identities',
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
  if (entries.length > bulkEntriesMax) {
    throw new Problem('argument-invalid', `A call takes at most ${bulkEntriesMax} entries.`, { reason: 'too-many-devices' });
  }
  const seen = new Set<string>();
  for (const { id, moduleId } of entries) {
    const name = `${id}/${moduleId ?? ''}`;
    if (seen.has(name)) throw new Problem('argument-invalid', `The device ${id} is named twice.`, { reason: 'defined-twice' });
    seen.add(name);
  }
}

async function apply({ registry, twins }: ServiceRooms, entry: AskedBulkEntry): Promise<void> {
  const { id, importMode, moduleId } = entry;
  if (moduleId) throw new Problem('not-supported', 'Modules are not supported.');
  const twin = ownedOf(entry);
  const tag = entry.eTag ?? entry.etag ?? undefined;
  const create = () => {
    const { authentication = { type: 'sas' }, ...rest } = parseIdentity(entry);
    return registry.create({ deviceId: id, authentication, ...rest, initialTwin: twin });
  };
  const update = async (ifMatch?: string) => {
    await registry.update(id, parseIdentity(entry), ifMatch);
    await twins.patchOwned(id, twin);
  };
  switch (importMode?.toLowerCase() ?? 'createorupdate') {
    case 'create':
      await create();
      return;
    case 'createorupdate':
      return (await registry.load(id)) ? update() : void (await create());
    case 'createorupdateifmatchetag':
      return (await registry.load(id)) ? update(requireTag(tag)) : void (await create());
    case 'update':
      return update();
    case 'updateifmatchetag':
      return update(requireTag(tag));
    case 'delete':
      return registry.delete(id);
    case 'deleteifmatchetag':
      return registry.delete(id, requireTag(tag));
    case 'updatetwin':
      await twins.patchOwned(id, twin);
      return;
    case 'updatetwinifmatchetag':
      await twins.patchOwned(id, twin, requireTag(entry.twinETag ?? tag));
      return;
    default:
      throw new Problem('argument-invalid', 'There is no such import mode.');
  }
}

function requireTag(tag: string | undefined): string {
  if (tag !== undefined) return tag;
  throw new Problem('argument-invalid', 'This import mode needs an entity tag.');
}
