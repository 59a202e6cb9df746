import { isJsonObject, type Json } from '#base/json.ts';
import { parseRfc3339 } from '../entities/time-text.ts';
import { jsonOf } from './json-members.ts';

/**
 * What is wrong with a measurement by the rules of Thin Edge JSON (thin-edge.md 10), or undefined: at least one number, alone or
 * in one level of groups. In the first generation a time is text and there are no properties.
 */
export function checkThinEdgeJson(members: ReadonlyMap<string, string>, era: 'first' | 'later'): string | undefined {
  let measurements = 0;
  for (const [name, text] of members) {
    const value = jsonOf(text);
    if (name === 'time') {
      const isTime =
        (typeof value === 'string' && parseRfc3339(value) !== undefined) || (era === 'later' && typeof value === 'number');
      if (!isTime) return '"time" is no time as RFC 3339 writes it';
    } else if (name === 'type') return '"type" is a reserved name';
    else if (name === 'properties' && era === 'later') {
      if (!isJsonObject(value)) return '"properties" is no object';
    } else {
      const wrong = checkMeasurement(value);
      if (wrong !== undefined) return `${JSON.stringify(name.slice(0, 30))} ${wrong}`;
      measurements++;
    }
  }
  return measurements === 0 ? 'nothing is measured' : undefined;
}

function checkMeasurement(value: Json): string | undefined {
  if (typeof value === 'number') return undefined;
  if (!isJsonObject(value)) return 'is no number';
  const inside = Object.values(value);
  if (inside.length === 0) return 'is an empty group';
  if (inside.some((item) => isJsonObject(item))) return 'nests deeper than one level';
  return inside.every((item) => typeof item === 'number') ? undefined : 'has something that is no number';
}
