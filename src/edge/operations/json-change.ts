import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';

/** The merge patch that makes `after` of each of `befores`: what any of them has and `after` has not is null. */
export function changeFrom(befores: readonly (Json | undefined)[], after: JsonObject): JsonObject {
  const objects = befores.filter((before) => isJsonObject(before));
  const gone = objects.flatMap((before) => Object.keys(before)).filter((name) => !Object.hasOwn(after, name));
  const kept = Object.entries(after).map(([name, value]): [string, Json] => [
    name,
    isJsonObject(value)
      ? changeFrom(
          objects.map((before) => (Object.hasOwn(before, name) ? before[name] : undefined)),
          value,
        )
      : value,
  ]);
  return Object.fromEntries([...gone.map((name): [string, Json] => [name, null]), ...kept]);
}
