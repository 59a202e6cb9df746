import { type Json, parseJson } from '#base/json.ts';
import { type ClaimsSchema, type Component, componentListSchema, evidenceLimits } from '#sphere/contract/evidence.ts';
import { accept, refuse, type Verdict } from '#trust/verdict.ts';

/** Evidence that can be read. Nothing in it is believed yet. */
export type Evidence<Claims> = { readonly text: string; readonly claims: Claims; readonly components: readonly Component[] };

/**
 * Step 1 of sphere.md 3.7: the form of the evidence, before anybody proved anything. The claims come
 * from the very bytes whose signature is checked later.
 */
export function readEvidence<Claims extends { measurements: [[number, string]] }>(
  text: string,
  schema: ClaimsSchema<Claims>,
): Verdict<Evidence<Claims>> {
  const claims = parse(schema, text.split('.')[1] ?? '', 'evidence');
  if (!claims.accepted) return claims;
  const [[, list]] = claims.value.measurements;
  const components = parse(componentListSchema, list, 'component list');
  if (!components.accepted) return components;
  return accept({ text, claims: claims.value, components: components.value });
}

function parse<T>(schema: ClaimsSchema<T>, base64url: string, what: string): Verdict<T> {
  const value = decode(base64url);
  if (value === undefined) return refuse('malformed', `The ${what} is not valid JSON.`, { check: `form of the ${what}` });
  const result = schema.safeParse(value);
  if (result.success) return accept(result.data);
  const [issue] = result.error.issues;
  const why = [...(issue?.path ?? []).map(String), issue?.message].join(' ');
  return refuse('malformed', `The ${what} is malformed: ${why}.`, { check: `form of the ${what}` });
}

function decode(base64url: string): Json | undefined {
  try {
    return parseJson(Buffer.from(base64url, 'base64url'), { bytesMax: evidenceLimits.evidenceBytesMax, depthMax: 8 });
  } catch {
    return undefined;
  }
}
