import { HubEvents } from '#hub/messages/hub-events.ts';
import { Presence } from '#hub/presence/presence.ts';
import { CredentialWatches } from '#hub/registry/credential-watches.ts';
import { type RegistryLimits, registryLimits } from '#hub/registry/limits.ts';
import { Registry } from '#hub/registry/registry.ts';
import { Twins } from '#hub/twins/twins.ts';
import type { Database } from '#storage/database.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { recordedEvents } from './recorded-events.ts';
import { testPlatform } from './test-platform.ts';

/** The rooms of a hub on `database`, with an event log that only remembers. */
export function hubRooms(database: Database, hub = 'home', limits: RegistryLimits = registryLimits) {
  const platform = testPlatform();
  const log = recordedEvents();
  const events = new HubEvents(platform, log, hub);
  const twins = new Twins(platform, database, hub, events);
  const presence = new Presence(platform, database, hub, events);
  const sealer = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const watches = new CredentialWatches();
  const registry = new Registry({ platform, database, hub, twins, presence, watches, events, sealer, limits });
  return { platform, clock: platform.clock, log, twins, presence, watches, registry };
}

export const thumbprintA = 'A'.repeat(40);
export const thumbprintB = 'B'.repeat(64);
