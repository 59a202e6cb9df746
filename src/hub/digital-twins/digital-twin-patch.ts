import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Twin } from '../twins/twin.ts';
import { isComponent } from './digital-twin.ts';

/** One step of a JSON Patch (RFC 6902) as digital twins know it. */
export type DigitalTwinChange = { readonly op: string; readonly path: string; readonly value?: Json | undefined };

/**
 * The merge patch of desired properties that `changes` come to, one after the other (hub-service-protocol.md 4.11).
 * A path is `/property`, `/component/property` or, for a value with `$metadata`, `/component`. Throws Problem
 * `argument-invalid` with one of the reasons `digital-twin-…`.
 */
export function desiredPatchOf(twin: Twin, changes: readonly DigitalTwinChange[]): JsonObject {
  const patch = new Map<string, Json>();
  for (const change of changes) {
    const [name, member] = parsePath(change.path);
    const present = patch.has(name) ? patch.get(name) : (twin.desired[name] ?? twin.reported[name]);
    if (member === undefined) patch.set(name, rootValue(twin, change, present));
    else patch.set(name, componentValue(twin, change, { name, member, present, patched: patch.get(name) }));
  }
  return Object.fromEntries(patch);
}

function rootValue(twin: Twin, change: DigitalTwinChange, present: Json | undefined): Json {
  const value = requireValue(change, present != null);
  if (value === null || !isJsonObject(value) || !Object.hasOwn(value, '$metadata')) return value;
  // A whole component: what it does not name is gone.
  const { $metadata: _, ...properties } = value;
  const name = change.path.slice(1);
  const before = twin.desired[name];
  const gone = isJsonObject(before) ? Object.keys(before).filter((key) => !Object.hasOwn(properties, key)) : [];
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...Object.entries(properties), ['__t', 'c'] as const]);
}

function componentValue(
  twin: Twin,
  change: DigitalTwinChange,
  { name, member, present, patched }: { name: string; member: string; present: Json | undefined; patched: Json | undefined },
): Json {
  if (present != null && !isComponent(present)) {
    throw refused('digital-twin-path', `${change.path}: ${name} is a property, not a component.`);
  }
  const isThere = [patched, twin.desired[name], twin.reported[name]].some((part) => isJsonObject(part) && part[member] != null);
  const value = requireValue(change, isThere);
  return Object.fromEntries([...Object.entries(isJsonObject(patched) ? patched : {}), [member, value], ['__t', 'c']]);
}

/** What the property becomes; null for none. `replace` and `remove` need something there, as RFC 6902 has it. */
function requireValue({ op, path, value }: DigitalTwinChange, isThere: boolean): Json {
  if (op !== 'add' && !isThere) throw refused('digital-twin-patch', `${path}: there is nothing to ${op}.`);
  if (op === 'remove') return null;
  if (value === undefined || value === null) throw refused('digital-twin-payload', `${path}: ${op} needs a value.`);
  return value;
}

function parsePath(path: string): [name: string, member?: string] {
  const [before, name = '', member, ...deeper] = path.split('/').map(unescapePointer);
  const isWhole = before === '' && name !== '' && member !== '' && deeper.length === 0;
  if (!isWhole || [name, member].some((part) => part?.startsWith('$') || part === '__t')) {
    throw refused('digital-twin-path', `${path.slice(0, 200)} is neither /property nor /component/property.`);
  }
  return member === undefined ? [name] : [name, member];
}

/** RFC 6901 4. */
function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function refused(reason: string, detail: string): Problem {
  return new Problem('argument-invalid', detail, { reason });
}
