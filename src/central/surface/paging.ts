import { Problem } from '#base/problem.ts';
import type { PageQuery } from '../contract/page.ts';

const pageSizeDefault = 25;

/**
 * One page of a list in order of id. The continuation is the last id seen, so a list that grows
 * meanwhile shows nothing twice and skips nothing that was there.
 */
export async function page<T>(
  context: { query: PageQuery; headers: Readonly<Record<string, string>>; path: string },
  list: (after: string | undefined, limit: number) => Promise<readonly T[]>,
  idOf: (item: T) => string,
): Promise<{ items: readonly T[]; nextLink?: string }> {
  const { query } = context;
  const size = query.maxpagesize ?? pageSizeDefault;
  const found = await list(decode(query.continuation), size + 1);
  const items = found.slice(0, size);
  const last = items.at(-1);
  if (found.length <= size || last === undefined) return { items };
  const search = new URLSearchParams({
    'api-version': query['api-version'] ?? '',
    ...(query.maxpagesize === undefined ? {} : { maxpagesize: String(query.maxpagesize) }),
    continuation: Buffer.from(idOf(last)).toString('base64url'),
  });
  // Host was checked before; people and scripts reach us by TLS alone.
  return { items, nextLink: `https://${context.headers.host ?? 'localhost'}${context.path}?${search}` };
}

function decode(continuation: string | undefined): string | undefined {
  if (continuation === undefined) return undefined;
  if (!/^[A-Za-z0-9_-]+$/.test(continuation)) throw new Problem('argument-invalid', 'The continuation is not one of ours.');
  return Buffer.from(continuation, 'base64url').toString('utf8');
}
