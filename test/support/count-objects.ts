import { queryObjects } from 'node:v8';

/** How many promises or functions of this process somebody still holds: those of what is over are collected first. */
export async function countObjects(kind: typeof Promise | typeof Function): Promise<number> {
  // What settles now still has reactions that wait for their turn.
  await new Promise((resolve) => setImmediate(resolve));
  return queryObjects(kind, { format: 'count' });
}
