import { isJsonObject, type Json, type JsonObject } from '#base/json.ts';
import type { Twin } from '../twins/twin.ts';
import { formatDigitalTwin } from './digital-twin.ts';

/** A step of a JSON Patch (RFC 6902). */
export type PatchStep =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: Json }
  | { readonly op: 'remove'; readonly path: string };

/**
 * What became of a twin in the words of its model, as the cloud tells of it: a component or a property that was not there
 * is added whole, and of what was there each member that changed is replaced. Empty where the model sees no change.
 */
export function digitalTwinChanges(before: Twin, after: Twin): PatchStep[] {
  return stepsBetween(formatDigitalTwin(before), formatDigitalTwin(after), '');
}

function stepsBetween(before: JsonObject, after: JsonObject, parent: string): PatchStep[] {
  // By name, which puts $metadata before what it describes.
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): PatchStep[] => {
    const path = `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const [was, is] = [before[name], after[name]];
    if (is === undefined) return [{ op: 'remove', path }];
    if (was === undefined) return [{ op: 'add', path, value: is }];
    if (isJsonObject(was) && isJsonObject(is)) return stepsBetween(was, is, path);
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ op: 'replace', path, value: is }];
  });
}
