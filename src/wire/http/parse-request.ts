import type { z } from 'zod';
import { parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Route } from './route.ts';

type Schemas = Pick<Route<never, never>, 'query' | 'body'>;

/** What a route's handler gets of a request. Throws Problem `argument-invalid` that says which member is wrong, or `malformed`. */
export function parseRequest({ query, body }: Schemas, sent: { query: unknown; bytes: Buffer }): { query: never; body: never } {
  return {
    query: (query ? parseWith(query, { ...(sent.query as object) }, 'query') : undefined) as never,
    body: (body ? parseWith(body, parseBytes(sent.bytes), 'body') : undefined) as never,
  };
}

function parseBytes(bytes: Buffer): unknown {
  return bytes.length === 0 ? undefined : parseJson(bytes, { bytesMax: bytes.length });
}

function parseWith(schema: z.ZodType, value: unknown, where: string): unknown {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const lines = result.error.issues
    .slice(0, 10)
    .map((issue) => `${[where, ...issue.path.map(String)].join('.')}: ${issue.message}`);
  throw new Problem('argument-invalid', lines.join('; '), { reason: 'InvalidBody' });
}
