import { isJsonObject, type Json } from '#base/json.ts';
import type { CapabilitySchema } from '../templates/device-model.ts';

const instantPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const textPatterns: Partial<Record<CapabilitySchema, RegExp>> = {
  date: /^\d{4}-\d\d-\d\d$/,
  dateTime: instantPattern,
  time: /^\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/,
  duration: /^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/,
};

/** Whether a value that a person wants to set or send is one of the schema. No coercion: that is for what devices send. */
export function fitsSchema(value: Json, schema: CapabilitySchema): boolean {
  switch (schema) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'double':
    case 'float':
      return typeof value === 'number';
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && value === (value | 0);
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'string':
      return typeof value === 'string';
    case 'enum':
      return typeof value === 'string' || Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
    case 'map':
    case 'geopoint':
    case 'vector':
      return isJsonObject(value);
    default:
      return typeof value === 'string' && (textPatterns[schema]?.test(value) ?? false);
  }
}
