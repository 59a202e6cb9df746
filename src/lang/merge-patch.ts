import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/**
 * JSON merge patch (RFC 7396), as twins use it: objects merge, null deletes, everything else replaces.
 *
 * Results are built with Object.fromEntries, never by assignment, so that a key named `__proto__`
 * stays the plain data it was in the document.
 */
export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (isJsonObject(value)) {
      const old = merged.get(key);
      merged.set(key, mergePatch(isJsonObject(old) ? old : {}, value));
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** The patch that turns `from` into `to`; a member that `to` lacks appears as null. */
export function diffAsPatch(from: JsonObject, to: JsonObject): JsonObject {
  const patch = new Map<string, Json>();
  const before = new Map(Object.entries(from));
  const after = new Map(Object.entries(to));
  for (const key of before.keys()) if (!after.has(key)) patch.set(key, null);
  for (const [key, value] of after) {
    const old = before.get(key);
    if (isJsonObject(old) && isJsonObject(value)) {
      const inner = diffAsPatch(old, value);
      if (Object.keys(inner).length > 0) patch.set(key, inner);
    } else if (JSON.stringify(old) !== JSON.stringify(value)) patch.set(key, value);
  }
  return Object.fromEntries(patch);
}
