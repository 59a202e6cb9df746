import type { Json } from '#base/json.ts';
import { fitsSchema } from '../properties/fits-schema.ts';
import type { CapabilitySchema } from '../templates/device-model.ts';

/** A value as the template means it. `isCoerced`: the device sent a string that is wholly a decimal number. */
export type FittedValue = { value: Json; isCoerced: boolean };

const numeric: ReadonlySet<CapabilitySchema> = new Set(['double', 'float', 'integer', 'long']);
const decimalPattern = /^[+-]?\d+(\.\d+)?$/;
const charactersMax = 64;

/**
 * The value when its JSON type fits the schema. Some devices print their numbers into strings: a string that is
 * wholly a decimal number fits a numeric field; no other string is touched (central.md 3.5, sphere.md 6.5).
 */
export function fitValue(value: Json, schema: CapabilitySchema): FittedValue | undefined {
  if (fitsSchema(value, schema)) return { value, isCoerced: false };
  if (!numeric.has(schema) || typeof value !== 'string') return undefined;
  if (value.length > charactersMax || !decimalPattern.test(value)) return undefined;
  const number = Number(value);
  return Number.isFinite(number) && fitsSchema(number, schema) ? { value: number, isCoerced: true } : undefined;
}

/** What a chart can draw: numbers, and booleans as 0 and 1. */
export function chartValue(value: Json): number | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
