import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import { loadOrInsertIdScope } from './instance-store.ts';

const scopeAlphabet = '0123456789ABCDEF';

/** The id scope of `instance`: `0ne` and eight characters, made at first run and never changed (dps-device-protocol.md 2). */
export function openIdScope(platform: Platform, database: Database, instance: string): Promise<string> {
  const letters = [...platform.random.bytes(8)].map((byte) => scopeAlphabet[byte % scopeAlphabet.length]).join('');
  return loadOrInsertIdScope(database, { instance, id_scope: `0ne${letters}`, created_at: platform.clock.now() });
}
