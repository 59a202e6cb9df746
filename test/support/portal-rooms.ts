import type { Platform } from '#base/platform.ts';
import type { CloudToDevice } from '#hub/cloud-to-device/cloud-to-device.ts';
import { Configurations } from '#hub/configurations/configurations.ts';
import type { EventLog } from '#hub/events/event-log.ts';
import { defaultEventsEndpointSettings, openEventsEndpoint } from '#hub/events/events-endpoint.ts';
import { openHubPolicies } from '#hub/instances/hub-policies.ts';
import { Jobs } from '#hub/jobs/jobs.ts';
import { HubEvents } from '#hub/messages/hub-events.ts';
import type { Methods } from '#hub/methods/methods.ts';
import type { Presence } from '#hub/presence/presence.ts';
import { IdentityFinder } from '#hub/query/find-identities.ts';
import { Queries } from '#hub/query/queries.ts';
import { twinSource } from '#hub/query/twin-source.ts';
import { Quotas } from '#hub/quotas/quotas.ts';
import { noQuotas } from '#hub/quotas/rates.ts';
import type { Registry } from '#hub/registry/registry.ts';
import { Routing } from '#hub/routing/routing.ts';
import { nameError } from '#hub/surface/errors.ts';
import { serviceRoutes } from '#hub/surface/http.ts';
import type { Twins } from '#hub/twins/twins.ts';
import type { Database } from '#storage/database.ts';
import type { SecretStore } from '#storage/secret-store.ts';

type Rooms = {
  readonly platform: Platform;
  readonly database: Database;
  readonly secrets: SecretStore;
  readonly hub: string;
  readonly hostName: string;
  readonly events: EventLog;
  readonly registry: Registry;
  readonly twins: Twins;
  readonly presence: Presence;
  readonly methods: Methods;
  readonly cloudToDevice: CloudToDevice;
};

/** What pages ask of a hub beside its devices: policies, readers of events, routes, and the REST for back ends. */
export async function openPortalRooms(rooms: Rooms) {
  const { platform, database, secrets, hub, hostName, events, registry, twins, presence, methods, cloudToDevice } = rooms;
  const source = (isOfModules: boolean) => twinSource({ database, hub, presence, cloudToDevice }, isOfModules);
  const sources = { devices: source(false), modules: source(true) };
  const byName = new Map([
    ['devices', sources.devices],
    ['devices.modules', sources.modules],
  ] as const);
  const queries = new Queries(byName);
  const configurations = new Configurations({
    platform,
    database,
    hub,
    sources,
    twins,
    modules: registry.modules,
    countRows: (query) => queries.countRows(query),
    checkQuery: (query) => queries.check(query),
  });
  const finder = new IdentityFinder(byName);
  const jobs = new Jobs({
    platform,
    database,
    hub,
    finder,
    twins,
    methods,
    events: new HubEvents(platform, events, hub),
    nameError,
  });
  await jobs.start();
  await configurations.start();
  const quotas = new Quotas(platform, noQuotas);
  const rest = { registry, twins, presence, methods, cloudToDevice, queries, quotas, jobs, configurations };
  return {
    policies: await openHubPolicies(platform, secrets, hub),
    eventsEndpoint: await openEventsEndpoint(platform, database, {
      log: events,
      hub,
      hostName,
      settings: defaultEventsEndpointSettings,
    }),
    routing: await Routing.open({
      platform,
      database,
      secrets,
      hub,
      hubName: hub,
      events,
      loadTwin: (identity) => twins.find(identity),
      connected: () => [],
    }),
    // Imports and exports are in no table of the pages.
    serviceRoutes: serviceRoutes(platform, rest as never),
    async stop() {
      await configurations.stop();
      await jobs.stop();
    },
  };
}
