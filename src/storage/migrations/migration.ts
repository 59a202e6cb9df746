import type { DatabaseKind } from '../database.ts';

/**
 * One step of the schema: plain SQL statements, so that what ran is what stands here. `bytesType`
 * and `identity` cover the two spellings in which the databases differ.
 */
export type Migration = { readonly name: string; statements(kind: DatabaseKind): readonly string[] };

/** The column type for bytes. */
export function bytesType(kind: DatabaseKind): string {
  return kind === 'sqlite' ? 'blob' : 'bytea';
}

/** A column that numbers rows by itself, in order of insertion. */
export function identity(kind: DatabaseKind): string {
  return kind === 'sqlite' ? 'integer primary key autoincrement' : 'bigint generated always as identity primary key';
}
