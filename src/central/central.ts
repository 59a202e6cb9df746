import type { Platform } from '#base/platform.ts';
import type { Hub } from '#hub/hub.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import type { Provisioning } from '#provisioning/provisioning.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { AllowedSources } from '#trust/authenticate-user.ts';
import { ApiTokens, type IssuedToken } from './access/api-tokens.ts';
import { Sessions } from './access/sessions.ts';
import { SignInLinks } from './access/sign-in-links.ts';
import { openApp } from './apps/apps.ts';
import { Commands } from './commands/commands.ts';
import { ConnectionGroups } from './connection/connection-groups.ts';
import { GroupCertificates } from './connection/group-certificates.ts';
import type { Data } from './data/data.ts';
import type { ModelSource } from './data/model-feed.ts';
import { buildAdmitDevice } from './devices/admit-device.ts';
import { DeviceCredentials } from './devices/device-credentials.ts';
import { DeviceRows } from './devices/device-rows.ts';
import { Devices } from './devices/devices.ts';
import { HubFollower } from './devices/follow-hub.ts';
import { Properties } from './properties/properties.ts';
import { buildCentralHttp, buildCentralRoutes, type CentralRooms } from './surface/http.ts';
import { LiveEvents } from './surface/live-events.ts';
import { LiveMessages } from './surface/live-messages.ts';
import type { OwnerRoutes } from './surface/owner-routes.ts';
import type { PortalHubs } from './surface/require-hub.ts';
import type { CentralRoute } from './surface/route.ts';
import type { TimeRooms } from './surface/ui-rehearsal-routes.ts';
import { Templates } from './templates/templates.ts';

/** What was ingested, and values as they come. */
export type CentralData = Pick<Data, 'series' | 'raw' | 'lastKnown' | 'onValues' | 'start' | 'stop'>;

export type CentralOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly refusals: RefusalLog;
  /** Without it nobody writes down what people change. */
  readonly audit?: Pick<AuditLog, 'record'>;
  readonly hub: Pick<Hub, 'hostName' | 'authorities' | 'registry' | 'twins' | 'methods' | 'presence' | 'events'>;
  /** Every hub there is, for the pages that show hubs themselves; `hub` is the application's. */
  readonly hubs: PortalHubs;
  /** What the administration socket serves and pages show too. */
  readonly ownerRoutes: OwnerRoutes;
  readonly provisioning: Pick<Provisioning, 'idScope' | 'authorities' | 'groups' | 'registrations' | 'setAllocator'>;
  readonly revocationLists: CentralRooms['revocationLists'];
  readonly revocationSources: CentralRooms['revocationSources'];
  readonly openData: (models: ModelSource) => Promise<CentralData> | CentralData;
  readonly settings: { readonly origins: readonly string[]; readonly configuredHosts: readonly string[] };
  readonly time: TimeRooms;
  /** Where the REST of a hub of this host name answers; asked while it runs. */
  hubUrl(hostName: string): string;
};

export type Central = {
  /** `/api/…`, on the port for people. */
  readonly http: HttpSurface;
  readonly routes: readonly CentralRoute[];
  readonly appId: string;
  /** A link below `baseUrl` that signs in once within ten minutes. */
  createSignInLink(baseUrl: string): Promise<string>;
  /** An administrator's API token that lives 24 hours and can be revoked by its id. */
  mintApiToken(): Promise<IssuedToken>;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** IoT Central: the application over a hub and a provisioning instance. */
export async function buildCentral(options: CentralOptions): Promise<Central> {
  const { platform, database, hub, provisioning, refusals } = options;
  const app = await openApp(platform, database);
  const signInLinks = new SignInLinks(platform, database);
  const sessions = new Sessions(platform, database);
  const apiTokens = new ApiTokens(platform, database, app.appId);
  const templates = new Templates(platform, database);
  const devices = new Devices(platform, database, templates, {
    setEnabled: (deviceId, isEnabled) => hub.registry.setEnabled(deviceId, isEnabled),
    delete: (deviceId) => hub.registry.delete(deviceId),
    deleteRegistration: (registrationId) => provisioning.registrations.delete(registrationId),
  });
  const groups = new ConnectionGroups(platform, database, provisioning.groups);
  const { authorities } = provisioning;
  const certificates = new GroupCertificates(platform, { connectionGroups: groups, groups: provisioning.groups, authorities });
  const properties = new Properties(devices, hub.twins);
  const commands = new Commands(platform, database, { devices, methods: hub.methods });
  const follower = new HubFollower(platform, {
    log: hub.events,
    devices,
    templates,
    announcedModelOf: async (deviceId) => (await hub.twins.load(deviceId)).modelId,
  });
  const rows = new DeviceRows({
    templates,
    isConnected: (deviceId) => hub.presence.isConnected(deviceId),
    lastSeenAt: (deviceId) => follower.lastSeenAt(deviceId),
  });
  const data = await options.openData({
    modelOf: (deviceId) => devices.modelOf(deviceId),
    onModelChange: (listener) => devices.onModelChange(listener),
  });
  const live = new LiveEvents(platform, {
    devices,
    rows,
    groups,
    follower,
    commands,
    onValues: (listener) => data.onValues(listener),
  });
  const liveMessages = new LiveMessages(platform);
  const allowed: AllowedSources = { hosts: options.settings.configuredHosts, origins: options.settings.origins };
  const routes = buildCentralRoutes(platform, {
    app,
    idScope: provisioning.idScope,
    hubHostName: hub.hostName,
    hubAuthorities: hub.authorities,
    hubs: options.hubs,
    ownerRoutes: options.ownerRoutes,
    hubUrl: (hostName) => options.hubUrl(hostName),
    signInLinks,
    sessions,
    apiTokens,
    templates,
    devices,
    credentials: new DeviceCredentials(groups),
    rows,
    groups,
    certificates,
    revocationLists: options.revocationLists,
    revocationSources: options.revocationSources,
    properties,
    commands,
    data,
    live,
    liveMessages,
    presence: hub.presence,
    refusals,
    time: options.time,
  });
  const http = await buildCentralHttp(platform, {
    routes,
    audit: options.audit,
    authenticate: { platform, appId: app.appId, sessions, apiTokens, refusals, allowed },
  });
  provisioning.setAllocator(
    buildAdmitDevice({ devices, templates, connectsAutomatically: (groupId) => groups.connectsAutomatically(groupId) }),
  );
  return {
    http,
    routes,
    appId: app.appId,
    createSignInLink: (baseUrl) => signInLinks.create(baseUrl),
    mintApiToken: () => apiTokens.createForStatus(),
    async start() {
      await groups.createFirstGroups();
      await data.start();
      follower.start();
    },
    async stop() {
      live.stop();
      liveMessages.stop();
      await follower.stop();
      await data.stop();
    },
  };
}
