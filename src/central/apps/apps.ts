import type { Platform } from '#base/platform.ts';
import type { Database } from '#storage/database.ts';
import { type App, loadOrCreateApp } from './app-store.ts';

export type { App } from './app-store.ts';

/** Opens the application of this installation; the first call makes it. */
export function openApp(platform: Platform, database: Database): Promise<App> {
  return loadOrCreateApp(platform, database);
}
