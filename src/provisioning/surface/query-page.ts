import { isRegistrationId } from '#base/ids.ts';
import { isJsonObject, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';

const pageMax = 1_000;

/** Answers a query with one page; `load` gives what follows `after`, in the order of ids. */
export async function replyPage<T>(
  headers: Readonly<Record<string, string>>,
  itemType: 'enrollment' | 'enrollmentGroup' | 'deviceRegistration',
  load: (options: { after: string; limit: number }) => Promise<readonly T[]>,
  idOf: (item: T) => string,
  format: (item: T) => object,
): Promise<Reply> {
  const asked = headers['x-ms-max-item-count'];
  const size = readSize(asked);
  const after = readContinuation(headers['x-ms-continuation']);
  const found = await load({ after, limit: size + 1 });
  const items = found.slice(0, size);
  const last = items.at(-1);
  return {
    json: items.map(format),
    headers: {
      'x-ms-item-type': itemType,
      ...(asked !== undefined && { 'x-ms-max-item-count': String(size) }),
      ...(found.length > size && last !== undefined && { 'x-ms-continuation': formatContinuation(idOf(last)) }),
    },
  };
}

function readSize(text: string | undefined): number {
  if (text === undefined || text === '') return pageMax;
  const size = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (size >= 1) return Math.min(size, pageMax);
  throw new Problem('argument-invalid', 'x-ms-max-item-count must be a whole number from 1 on.');
}

function formatContinuation(after: string): string {
  return Buffer.from(JSON.stringify({ after })).toString('base64url');
}

function readContinuation(token: string | undefined): string {
  if (token === undefined || token === '') return '';
  try {
    const value = parseJson(Buffer.from(token, 'base64url'), { bytesMax: 4096 });
    if (isJsonObject(value) && typeof value.after === 'string' && isRegistrationId(value.after)) return value.after;
  } catch {
    // Not one of ours: said below.
  }
  throw new Problem('argument-invalid', 'x-ms-continuation is not the one of an earlier page.');
}
