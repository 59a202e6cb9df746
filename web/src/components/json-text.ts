import type { JsonValue } from '../api/contract.ts';

/** Indented where `text` is JSON, as it came otherwise. */
export function prettyText(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A value in a table cell: strings bare, the rest as JSON. */
export function shortValue(value: JsonValue | undefined): string {
  if (value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
