import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import type { BulkMode } from '../contract/service-requests.ts';
import { serviceErrorCode } from './service-errors.ts';

const entriesMax = 10;

type IdName = 'registrationId' | 'enrollmentGroupId';
type Entry<N extends IdName> = { readonly [name in N]?: string | null | undefined } & {
  readonly etag?: string | null | undefined;
};

/**
 * Many enrollments in one call (dps-service-protocol.md 3.1), one after the other; what fails is named and
 * does not undo the rest.
 */
export async function runBulk<N extends IdName, E extends Entry<N>>(
  platform: Platform,
  { mode, trackingId, idName }: { mode: BulkMode; trackingId: string; idName: N },
  entries: readonly E[],
  use: {
    create(id: string, entry: E): Promise<unknown>;
    update(id: string, entry: E, ifMatch: string | undefined): Promise<void>;
    remove(id: string): Promise<void>;
  },
): Promise<Reply> {
  const named = entries.map((entry) => ({ id: requireId(entry[idName]), entry }));
  checkEntries(named.map(({ id }) => id));
  const errors = [];
  for (const { id, entry } of named) {
    try {
      if (mode === 'create') await use.create(id, entry);
      else if (mode === 'update') await use.update(id, entry, undefined);
      else if (mode === 'updateIfMatchETag') await use.update(id, entry, requireTag(entry.etag));
      else await use.remove(id);
    } catch (error) {
      const problem = asProblem(error);
      if (problem.code === 'internal') {
        platform.log.error('bulk.failed', { trackingId, [idName]: id, cause: String(problem.cause) });
      }
      errors.push({ [idName]: id, errorCode: serviceErrorCode(problem), errorStatus: problem.message });
    }
  }
  return { json: { isSuccessful: errors.length === 0, errors } };
}

function checkEntries(ids: readonly string[]): void {
  if (ids.length === 0) throw new Problem('argument-invalid', 'The call names no enrollment.');
  if (ids.length > entriesMax) {
    throw new Problem('argument-invalid', `A call takes at most ${entriesMax} enrollments.`, { reason: 'too-many-enrollments' });
  }
  const repeated = ids.find((id, i) => ids.findIndex((other) => other.toLowerCase() === id.toLowerCase()) !== i);
  if (repeated === undefined) return;
  throw new Problem('argument-invalid', `The enrollment ${repeated} is named twice.`, { reason: 'defined-twice' });
}

function requireId(id: string | null | undefined): string {
  if (id) return id;
  throw new Problem('argument-invalid', 'An enrollment of the call has no id.');
}

function requireTag(tag: string | null | undefined): string {
  if (tag) return tag;
  throw new Problem('argument-invalid', 'This mode needs an entity tag.');
}
