import type { JsonValue } from '../../api/contract.ts';

/** The text in a field, read as the schema says; or why it cannot be. */
export type ReadValue = { ok: true; value: JsonValue } | { ok: false; message: string };

export function readValue(schema: string, text: string): ReadValue {
  const trimmed = text.trim();
  switch (schema) {
    case 'boolean':
      return trimmed === 'true' || trimmed === 'false'
        ? { ok: true, value: trimmed === 'true' }
        : { ok: false, message: 'Type true or false.' };
    case 'integer':
    case 'long': {
      const value = Number(trimmed);
      return /^[+-]?\d+$/.test(trimmed) && Number.isSafeInteger(value)
        ? { ok: true, value }
        : { ok: false, message: 'Type a whole number, for instance 42.' };
    }
    case 'double':
    case 'float': {
      const value = Number(trimmed);
      return trimmed !== '' && Number.isFinite(value)
        ? { ok: true, value }
        : { ok: false, message: 'Type a number, for instance 21.5.' };
    }
    case 'string':
    case 'date':
    case 'dateTime':
    case 'duration':
    case 'time':
      return { ok: true, value: text };
    default:
      return readJson(text);
  }
}

function readJson(text: string): ReadValue {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, message: 'Type a JSON value, for instance {"x": 1} or "text".' };
  }
}

/** The text that a value has in its field. */
export function writeValue(schema: string, value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string' && isTextual(schema)) return value;
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : JSON.stringify(value);
}

const textual = new Set(['string', 'date', 'dateTime', 'duration', 'time']);
const primitive = new Set([...textual, 'boolean', 'integer', 'long', 'double', 'float']);

function isTextual(schema: string): boolean {
  return textual.has(schema);
}

/** True for a value that needs more than one line. */
export function isStructured(schema: string): boolean {
  return !primitive.has(schema);
}
