import { sha256 } from '#base/bytes.ts';
import { isJsonObject, type Json, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { queryLimits } from './limits.ts';

/** Where the next page of a query begins. It says nothing that its reader has not seen, and works after a restart. */
export type PageStart = {
  /** Behind this row; from the beginning without one. */
  readonly after?: string;
  /** Rows on the pages before. */
  readonly given: number;
};

/** URL-safe, and good for this query alone. */
export function formatContinuation(query: string, { after, given }: PageStart): string {
  const token = [digestOf(query), given, ...(after === undefined ? [] : [after])];
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Throws Problem `argument-invalid` for what is none, or that of another query. */
export function parseContinuation(query: string, token: string): PageStart {
  const [digest, given, after, ...more] = read(token);
  const isStart = typeof given === 'number' && Number.isSafeInteger(given) && given >= 0;
  if (!isStart || (after !== undefined && typeof after !== 'string') || more.length > 0) throw invalid('is none of ours');
  if (digest !== digestOf(query)) throw invalid('belongs to another query');
  return { given, ...(after === undefined ? {} : { after }) };
}

function read(token: string): Json[] {
  if (token.length > queryLimits.continuationCharactersMax || !/^[A-Za-z0-9_-]+$/.test(token)) throw invalid('is none of ours');
  try {
    const parsed = parseJson(Buffer.from(token, 'base64url'), { depthMax: 1 });
    if (Array.isArray(parsed) && !isJsonObject(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw invalid('is none of ours');
}

function digestOf(query: string): string {
  return sha256(query).subarray(0, 12).toString('base64url');
}

function invalid(what: string): Problem {
  return new Problem('argument-invalid', `The continuation token ${what}.`);
}
