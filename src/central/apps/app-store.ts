import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';

/** An IoT Central application: the id stands in API tokens (`sr=`) and never changes. */
export type App = { readonly appId: string; readonly displayName: string };

/** The application of this installation, made at first run. */
export async function loadOrCreateApp(platform: Platform, database: Database): Promise<App> {
  const existing = await load(database);
  if (existing) return existing;
  await database
    .insertInto('central_app')
    .values({ app_id: platform.random.uuid(), display_name: 'Homeport', created_at: platform.clock.now() })
    .execute();
  const created = await load(database);
  if (!created) throw new Error('the application that was just made is gone');
  return created;
}

async function load(database: Database): Promise<App | undefined> {
  const row = await database.selectFrom('central_app').selectAll().orderBy('created_at').executeTakeFirst();
  return row && { appId: row.app_id, displayName: row.display_name };
}
