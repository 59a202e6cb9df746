import { Problem } from '#base/problem.ts';

/**
 * PUT as the service does it (dps-service-protocol.md 2.1): without If-Match it only creates, with one it only
 * changes. `*` asks for whatever is there, so that nothing being there is 404; a tag of something gone is 412.
 */
export async function putAsAsked<T>(
  ifMatch: string | undefined,
  use: {
    load(): Promise<T | undefined>;
    create(): Promise<T>;
    replace(present: T, ifMatch: string): Promise<T>;
  },
): Promise<T> {
  if (ifMatch === undefined) return use.create();
  const present = await use.load();
  if (present !== undefined) return use.replace(present, ifMatch);
  if (/^"?\*"?$/.test(ifMatch.trim())) throw new Problem('enrollment-not-found', 'There is no such enrollment.');
  throw new Problem('precondition-failed', 'The enrollment has changed since it was read: it is gone.');
}
