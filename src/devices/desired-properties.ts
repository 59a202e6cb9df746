import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';

/**
 * The desired properties in a twin payload: the member `desired` of a whole twin, or the document
 * itself when there is none, which is a change (sphere.md 6.3). Undefined when it is no JSON object.
 */
export function desiredProperties(payload: Buffer): JsonObject | undefined {
  try {
    const document = parseJson(payload);
    if (!isJsonObject(document)) return undefined;
    return isJsonObject(document.desired) ? document.desired : document;
  } catch {
    return undefined;
  }
}
