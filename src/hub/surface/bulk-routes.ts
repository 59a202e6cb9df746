import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { type AskedBulkEntry, askedBulk, versionOnly } from '../contract/service-requests.ts';
import type { NewDevice } from '../registry/registry.ts';
import { type BulkRooms, bulkTarget, newDevice } from './bulk-target.ts';
import { serviceErrorOf } from './service-errors.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

/** A hundred identities, each with a full twin. */
const bodyBytesMax = 8 * 1024 * 1024;

/**
 * Many identities in one call (hub-service-protocol.md 4.2). New devices come first, in one transaction; the others follow
 * one after the other. What fails does not undo the rest.
 */
export function bulkRoutes(platform: Platform, rooms: BulkRooms): ServiceRoute[] {
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
        const failures = await applyEntries(rooms, body);
        const errors = body.flatMap((entry) => {
          const problem = failures.get(entry);
          if (!problem) return [];
          if (problem.code === 'internal') {
            platform.log.error('bulk.failed', { trackingId, deviceId: entry.id, cause: String(problem.cause) });
          }
          return [
            {
              deviceId: entry.id,
              errorCode: serviceErrorOf(problem).name,
              errorStatus: problem.message,
              moduleId: entry.moduleId ?? null,
              operation: null,
            },
          ];
        });
        const changed = body.filter((entry) => !failures.has(entry)).map(nameOf);
        return {
          status: errors.length === 0 ? 200 : 400,
          changed,
          json: { isSuccessful: errors.length === 0, errors, warnings: [] },
        };
      },
    }),
  ];
}

/** What an entry asked for, and of whom. */
function nameOf(entry: AskedBulkEntry): string {
  return `${modeOf(entry)} ${entry.moduleId ? `${entry.id}/${entry.moduleId}` : entry.id}`;
}

/** Applies entries, each by its import mode, and says of those that were refused why. */
export async function applyEntries(
  rooms: BulkRooms,
  entries: readonly AskedBulkEntry[],
): Promise<ReadonlyMap<AskedBulkEntry, Problem>> {
  const failures = new Map<AskedBulkEntry, Problem>();
  for (const entry of await createDevices(rooms, entries, failures)) {
    try {
      await apply(rooms, entry);
    } catch (error) {
      failures.set(entry, asProblem(error));
    }
  }
  return failures;
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

/**
 * Creates the devices that are new, and notes of each that was refused why. Returns what is left: entries that ask for
 * something else, and, when the transaction failed as a whole, those that it had.
 */
async function createDevices(
  { registry }: BulkRooms,
  entries: readonly AskedBulkEntry[],
  failures: Map<AskedBulkEntry, Problem>,
): Promise<AskedBulkEntry[]> {
  const candidates = entries.filter((entry) => !entry.moduleId && creatingModes.has(modeOf(entry)));
  const unsure = candidates.filter((entry) => modeOf(entry) !== 'create').map(({ id }) => id);
  const present = await registry.existing(unsure);
  const creating = new Map<AskedBulkEntry, NewDevice>();
  for (const entry of candidates) {
    if (present.has(entry.id)) continue;
    try {
      creating.set(entry, newDevice(entry));
    } catch (error) {
      failures.set(entry, asProblem(error));
    }
  }
  const left = new Set(entries.filter((entry) => !creating.has(entry) && !failures.has(entry)));
  const results = await registry.createMany([...creating.values()]).catch(() => undefined);
  for (const [at, entry] of [...creating.keys()].entries()) {
    const result = results?.[at];
    // Somebody created it in between: then it is changed, where that was asked for.
    const isChanged = result instanceof Problem && result.code === 'already-exists' && modeOf(entry) !== 'create';
    if (results === undefined || isChanged) left.add(entry);
    else if (result instanceof Problem) failures.set(entry, result);
  }
  return entries.filter((entry) => left.has(entry));
}

const creatingModes: ReadonlySet<string> = new Set(['create', 'createorupdate', 'createorupdateifmatchetag']);

function modeOf({ importMode }: AskedBulkEntry): string {
  return importMode?.toLowerCase() ?? 'createorupdate';
}

async function apply(rooms: BulkRooms, entry: AskedBulkEntry): Promise<void> {
  const target = bulkTarget(rooms, entry);
  const tag = entry.eTag ?? entry.etag ?? undefined;
  switch (modeOf(entry)) {
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
