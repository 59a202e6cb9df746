import { rm } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { CaCertificates } from '#authorities/ca-certificates.ts';
import { RevocationLists } from '#authorities/revocation-lists.ts';
import { RevocationSources } from '#authorities/revocation-sources.ts';
import { Health } from '#base/health.ts';
import { dayMs, formatInstant } from '#base/instant.ts';
import { Lifecycle } from '#base/lifecycle.ts';
import { Metrics } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { Traces } from '#base/traces.ts';
import { buildCentral } from '#central/central.ts';
import { buildData } from '#central/data/data.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { buildHub, type Hub, type HubDirectory } from '#hub/hub.ts';
import { Hubs } from '#hub/instances/hubs.ts';
import { chooseDeviceHttp, choosePeopleHttp, isForFiles } from '#listeners/host-table.ts';
import { HttpsListener } from '#listeners/https-listener.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { WebSocketUpgrade } from '#listeners/web-socket-upgrade.ts';
import { Outgoing } from '#outgoing/outgoing.ts';
import { buildProvisioning } from '#provisioning/provisioning.ts';
import { buildSphere } from '#sphere/sphere.ts';
import { AuditLog } from '#storage/audit-log.ts';
import { openDatabase, openForQueries } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { adminRoutes } from './admin-routes.ts';
import { AdminSocket, administrationSocket, checkSocketPath } from './admin-socket.ts';
import { auditAdminRoutes } from './audit-admin-routes.ts';
import { bindHttps } from './bind-https.ts';
import { brokerLimitsOf } from './broker-door.ts';
import { ClockControl } from './clock/clock-control.ts';
import { openDevelopmentClock } from './clock/development-directory.ts';
import { cloudToDeviceSettingsOf } from './cloud-to-device-settings.ts';
import type { ServerSettings } from './config.ts';
import { checkDataDirectory } from './data-directory-check.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { startDemo } from './demo.ts';
import { describeServer } from './describe-server.ts';
import { openFileService } from './file-service.ts';
import { healthRoutes } from './health-routes.ts';
import { hubLimitsOf } from './hub-limit-settings.ts';
import { hubOfQuery } from './hub-of-query.ts';
import { hubRest } from './hub-rest.ts';
import { loadOrCreateFile } from './key-file.ts';
import { listenerLimitsOf, readOpenFilesMax, visitorLimitsOf } from './listener-limits.ts';
import { openMonitoringDoor } from './monitoring/monitoring-door.ts';
import { countProcess } from './monitoring/process-metrics.ts';
import { startTraces } from './monitoring/start-traces.ts';
import { watchServer } from './monitoring/watch-server.ts';
import { openPorts } from './open-ports.ts';
import { quotaSettingsOf } from './quota-settings.ts';
import { checkReach, describeReach } from './reach.ts';
import { Rehearse } from './rehearsal/rehearse.ts';
import { routingAdminRoutes } from './routing-admin-routes.ts';
import { loadServerCertificates } from './server-certificates.ts';
import { type ServerNames, serverNames, urlOf } from './server-names.ts';
import { carryRevocationLists, findLacking } from './sphere-trust.ts';
import { StartRefused } from './start-refused.ts';
import { serveStaticFiles } from './static-files.ts';
import { connectionStrings, type HubStatus, hubStatus, type ServerStatus } from './status.ts';

export type StartOptions = {
  readonly platform: Platform;
  /** The data directory; made when it is missing. */
  readonly directory: string;
  readonly settings: ServerSettings;
  /** Makes a new data directory one whose clock can be moved; refused for one that was made without. */
  readonly isDevelopment?: boolean;
  /** Where the built web app lies. */
  readonly webDirectory: string;
};

export type RunningServer = {
  /** Lines for whoever started it: ports that could not be had, and what others can reach now. */
  readonly notices: readonly string[];
  /** With secrets, an API token is minted for this call. */
  status(options: { withSecrets: boolean }): Promise<ServerStatus>;
  createSignInLink(): Promise<string>;
  /** The hub that is always there, and all of them. */
  readonly main: Hub;
  readonly hubs: HubDirectory;
  /** With secrets. */
  hubStatusOf(hub: Hub): HubStatus;
  dpsConnectionStrings(): Record<string, string>;
  /** Moves the clock of a data directory that was made for development. */
  readonly clock: ClockControl;
  /** What the server’s parts, and devices that belong to it, take the time from. */
  readonly platform: Platform;
  /** Drains and closes everything; what was acknowledged is on disk. */
  stop(): Promise<void>;
};

/**
 * The composition root: constructs what there is in the order in which it depends on each other, and
 * nothing else. Throws StartRefused for what the operator can mend.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { platform, directory, settings } = options;
  const address = settings['listeners.address'];
  checkReach(address, settings['listeners.hostNames']);
  const names = serverNames(settings);
  checkSocketPath(administrationSocket(directory));
  await checkDataDirectory(directory);
  const lifecycle = new Lifecycle(platform);
  const unlock = await lockDataDirectory(directory);
  await lifecycle.start({ name: 'lock', stop: unlock });
  try {
    return await build({ ...options, lifecycle, names });
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function build(options: StartOptions & { lifecycle: Lifecycle; names: ServerNames }): Promise<RunningServer> {
  const { directory, settings, lifecycle, isDevelopment = false } = options;
  const { hostName, all: names, files: filesHost } = options.names;
  const movable = await openDevelopmentClock(directory, options.platform.clock, { isAsked: isDevelopment });
  const { metrics = new Metrics(), health = new Health() } = options.platform;
  const counted: Platform = { ...options.platform, metrics, health, ...(movable && { clock: movable }) };
  const isTraced = settings['traces.endpoint'] !== '';
  const platform = isTraced ? { ...counted, traces: new Traces(counted, settings['traces.sampleOneIn']) } : counted;
  const clock = new ClockControl(options.platform.clock, platform.log, movable);
  const startedAt = platform.clock.now();
  const address = settings['listeners.address'];
  const masterKey = await loadOrCreateFile(join(directory, 'master.key'), () => platform.random.bytes(32));

  const databaseUrl = settings['database.url'] || `sqlite:${join(directory, 'homeport.db')}`;
  const database = await openDatabase(databaseUrl);
  await lifecycle.start({ name: 'database', stop: () => database.destroy() });
  const queries = openForQueries(databaseUrl, database);
  await lifecycle.start({ name: 'queries', stop: () => queries.close() });
  const refusals = new RefusalLog(platform, database);
  await lifecycle.start({ name: 'refusals', stop: () => refusals.stop() });
  const audit = new AuditLog(platform, database, {
    days: settings['audit.retentionDays'],
    entriesMax: settings['audit.entriesMax'],
  });
  await lifecycle.start({ name: 'audit', start: async () => audit.start(), stop: () => audit.stop() });
  const secrets = new SecretStore(platform, database, masterKey);
  const endedLists = settings['revocation.endedLists'] === 'ignore' ? 'ignore' : 'refuse';
  const revocationLists = await RevocationLists.open(platform, database, endedLists);
  const issuerChange = settings['trust.issuerChange'] === 'refuse' ? 'refuse' : 'alert';
  const openEvents = (folder: string) =>
    SegmentEvents.open(platform, {
      directory: folder,
      partitions: settings['events.partitions'],
      retention: { bytesMax: settings['events.retentionBytes'], ageMsMax: settings['events.retentionDays'] * dayMs },
      lingerMs: settings['events.lingerMs'],
      followerPauseMs,
    });
  const events = await openEvents(join(directory, 'log'));
  await lifecycle.start({ name: 'events', stop: () => events.close() });

  const instanceName = 'main';
  const oversizePublish = settings['hub.oversizePublish'] === 'drop' ? 'drop' : 'close';
  const cloudToDevice = cloudToDeviceSettingsOf(settings);
  const quotas = quotaSettingsOf(settings);
  const hubLimits = hubLimitsOf(settings);
  const allowed = settings['hub.faults'];
  const faults = allowed === 'rules' || allowed === 'messages' ? ({ faults: allowed } as const) : {};
  let amqpPort = settings['listeners.amqpPort'];
  const eventsEndpoint = {
    redirectHostName: settings['events.redirectHostName'],
    redirectPort: () => settings['events.redirectPort'] || amqpPort,
    readersMax: settings['events.readersMax'],
  };
  const brokerLimits = brokerLimitsOf(settings);
  const outgoing = openOutgoing(platform, settings);
  await startTraces(platform, lifecycle, { outgoing, endpoint: settings['traces.endpoint'], serviceName: hostName });
  const files = await openFileService({ platform, database, directory, settings, secrets, refusals, outgoing });
  await lifecycle.start({ name: 'files', stop: async () => files.store.stop() });
  const doorsOf = (name: string) => ({ outgoing, files: { store: files.store, container: files.eventsContainerOf(name) } });
  const hub = await buildHub({
    platform,
    database,
    queryDatabase: queries.database,
    refusals,
    secrets,
    authorities: new CaCertificates(platform, database, `hub:${instanceName}`, refusals),
    revocationLists,
    issuerChange,
    events,
    audit,
    hostName,
    instanceName,
    oversizePublish,
    cloudToDevice,
    eventsEndpoint,
    quotas,
    limits: hubLimits,
    ...faults,
    files: files.of(instanceName),
    doors: doorsOf(instanceName),
    ...(brokerLimits && { broker: brokerLimits }),
  });
  await lifecycle.start({ ...hub, name: 'hub' });
  const hubs = await Hubs.open({
    platform,
    database,
    queryDatabase: queries.database,
    refusals,
    secrets,
    revocationLists,
    issuerChange,
    logs: {
      open: (name) => openEvents(join(directory, 'hubs', name, 'log')),
      async discard(name) {
        await rm(join(directory, 'hubs', name), { recursive: true, force: true });
        await files.store.deleteContainer(files.containerOf(name));
        await files.store.deleteContainer(files.eventsContainerOf(name));
      },
    },
    audit,
    main: hub,
    oversizePublish,
    cloudToDevice,
    eventsEndpoint,
    quotas,
    limits: hubLimits,
    ...faults,
    filesOf: files.of,
    doorsOf,
    baseHostName: settings['listeners.hostNames'].find((name) => isIP(name) === 0) ?? 'localhost',
    otherHostNames: names,
  });
  await lifecycle.start({ name: 'hubs', stop: () => hubs.close() });
  // What clients outside trust us by ends when they think that it does.
  const certificates = await loadServerCertificates(options.platform, directory, [...names, ...hubs.hostNames]);
  const { identity, caFile } = certificates;
  const revocationSources = await RevocationSources.open(platform, database, revocationLists, outgoing);
  if (settings['revocation.followCertificates']) {
    revocationLists.onSeen((leafDer, anchorSha256) => void revocationSources.learn(leafDer, anchorSha256));
  }
  await lifecycle.start({
    name: 'revocation-sources',
    start: async () => revocationSources.start(),
    stop: () => revocationSources.stop(),
  });
  const provisioning = await buildProvisioning({
    platform,
    database,
    refusals,
    secrets,
    authorities: new CaCertificates(platform, database, `dps:${instanceName}`, refusals),
    revocationLists,
    issuerChange,
    audit,
    hub,
    hubs,
    outgoing,
    rates: {
      registrationsPerMinute: settings['provisioning.registrationsPerMinute'],
      pollsPerTenSeconds: settings['provisioning.pollsPerTenSeconds'],
      operationsPerMinute: settings['provisioning.operationsPerMinute'],
    },
    instanceName,
    daaIdentityMode: settings['provisioning.daaIdentityMode'] === 'caSigned' ? 'caSigned' : 'selfSigned',
    holdsDevices: settings['provisioning.holdDevices'],
  });
  await lifecycle.start({ name: 'provisioning', start: () => provisioning.start(), stop: () => provisioning.stop() });
  const central = await buildCentral({
    platform,
    database,
    refusals,
    audit,
    hub,
    hubs,
    ownerRoutes: [...routingAdminRoutes(hubOfQuery(hubs)), ...auditAdminRoutes(audit), ...healthRoutes(health)],
    provisioning,
    revocationLists,
    revocationSources,
    openData: (models) => buildData({ platform, database, databaseUrl, events, models }),
    settings: { origins: [], configuredHosts: names },
    time: {
      describeClock: () => clock.describe(),
      rehearse: (until) => rehearse.until(until),
    },
    hubUrl: (name) => urlOf(name, https.port),
  });
  await lifecycle.start({ name: 'central', ...central });

  const openFilesMax = await readOpenFilesMax();
  const limits = listenerLimitsOf(settings, openFilesMax);
  const visitorLimits = visitorLimitsOf(settings, openFilesMax);
  const surfaces: Partial<Record<string, HttpSurface>> = {
    central: central.http,
    hub: hubs.http,
    provisioning: provisioning.http,
    provisioningService: provisioning.serviceHttp,
  };
  const mqttSurfaces = { hub: hubs.mqtt, provisioning: provisioning.mqtt };
  const amqpSurfaces = { hub: hubs.amqp, provisioning: provisioning.amqp };
  const webSockets = new WebSocketUpgrade({ platform, limits, surfaces: mqttSurfaces, amqp: amqpSurfaces });
  const app = serveStaticFiles(options.webDirectory);
  const listener = { platform, address, identity, limits };
  const https = await bindHttps(
    (port) =>
      new HttpsListener({
        ...listener,
        port,
        asksForCertificate: true,
        upgrade: webSockets,
        choose: (request) =>
          isForFiles(request.headers.host, filesHost) ? files.http : surfaces[chooseDeviceHttp(request.url ?? '/') ?? ''],
      }),
    {
      address,
      wanted: settings['listeners.httpsPort'],
      fallback: settings['listeners.httpsFallbackPort'],
      people: settings['listeners.peoplePort'],
    },
  );
  await lifecycle.start({ name: 'https', stop: () => https.listener.stop() });
  const sphereUrl = urlOf(hostName, https.port);
  const sphere = await buildSphere({
    platform,
    database,
    secrets,
    refusals,
    changes: audit,
    keyDirectory: join(directory, 'sphere'),
    publicUrl: sphereUrl,
    otherUrls: names.map((name) => urlOf(name, https.port)),
    findLacking: (change) => findLacking({ hubs, provisioning }, change),
  });
  await carryRevocationLists(platform, sphere, revocationLists);
  await lifecycle.start({ name: 'sphere', start: async () => sphere.start(), stop: () => sphere.stop() });
  surfaces.sphere = sphere.http;
  const rehearse = new Rehearse({ clock: platform.clock, hubs, provisioning, sphere, revocationLists, revocationSources });
  const ports = await openPorts({
    ...{ lifecycle, settings, listener, visitorLimits },
    people: (url) => surfaces[choosePeopleHttp(url)] ?? app,
    files: filesHost === '' ? files.http : undefined,
    ...{ mqtt: mqttSurfaces, amqp: amqpSurfaces, broker: hub.brokerMqtt },
  });
  amqpPort = ports.amqp;
  files.hostName = new URL(urlOf(filesHost || hostName, ports.files ?? https.port)).host;
  await lifecycle.start({ name: 'web-sockets', stop: async () => webSockets.stop() });
  // Before the listeners close their sockets, devices get the acknowledgements that wait for the disk.
  await lifecycle.start({
    name: 'sessions',
    async stop() {
      await Promise.all([hub.stop(), hubs.stopSessions()]);
    },
  });
  const numbers = countProcess(platform, directory);
  await lifecycle.start({ name: 'numbers', stop: async () => numbers.stop() });
  let presented = identity;
  const watched = { platform, health, refresh: () => numbers.refresh() };
  watchServer({ platform, directory, database, hubs, revocationLists, revocationSources, identity: () => presented });
  const monitoring = await openMonitoringDoor({ platform, lifecycle, directory, settings, watched, https: { identity, limits } });
  hubs.onHostNames(async (hostNames) => {
    const fresh = await certificates.issueFor([...names, ...hostNames]);
    presented = fresh;
    for (const each of [https.listener, ports, monitoring]) each?.present(fresh);
  });
  const createSignInLink = () => central.createSignInLink(urlOf(hostName, ports.people));
  const status = describeServer({
    ...{ directory, settings, address, hostName, caFile, startedAt },
    ports: { ...ports, https: https.port },
    ...{ health, main: hub, hubs, provisioning, central, sphere, files },
    describeClock: () => movable && clock.describe(),
  });
  const routes = adminRoutes({
    hubs,
    clock,
    platform,
    files,
    caFile,
    revocationLists,
    revocationSources,
    rehearse,
    realClock: options.platform.clock,
    refusals,
    sphere,
    watched,
    audit,
    status,
    createSignInLink,
    async mintSphereToken() {
      const { token, expiresAt } = await sphere.mintAdministratorToken();
      return { token, expiresAt: formatInstant(expiresAt), sphereUrl, caFile };
    },
  });
  const rest = hubRest(platform.clock, hubs);
  const admin = await AdminSocket.open(platform, administrationSocket(directory), { routes, rest, audit });
  await lifecycle.start({ name: 'administration', stop: () => admin.close() });
  if (settings['demo.enabled']) {
    const demo = await startDemo({
      platform,
      directory,
      sphere,
      provisioning,
      sphereUrl,
      hostName,
      mqttPort: ports.mqtt,
      ca: identity.ca,
    });
    await lifecycle.start({ name: 'demo', stop: () => demo.stop() });
  }
  // Stopped first: nothing falls due in what is being taken apart.
  await lifecycle.start({ name: 'clock', stop: () => clock.stop() });
  const { mqtt, people } = ports;
  platform.log.info('server.started', { address, mqttPort: mqtt, amqpPort, httpsPort: https.port, peoplePort: people });
  return {
    notices: [
      ...(https.notice ? [https.notice] : []),
      ...ports.notices,
      ...describeReach(address, {
        ...{ mqtt, amqp: amqpPort, people, https: https.port },
        ...(ports.files !== undefined && { files: ports.files }),
        broker: settings['broker.port'],
      }),
    ],
    main: hub,
    hubs,
    hubStatusOf: (each) => hubStatus(each, { mqttPort: mqtt, amqpPort, httpsPort: https.port }, true),
    dpsConnectionStrings: () => connectionStrings(hostName, provisioning.policies.list()),
    status,
    createSignInLink,
    clock,
    platform,
    stop: () => lifecycle.stop(),
  };
}

/** Nobody sees a chart move faster; under load, readers of the log are woken 50 times a second instead of at every sync. */
const followerPauseMs = 20;

/** Throws StartRefused for an allow list that names no networks. */
function openOutgoing(platform: Platform, settings: ServerSettings): Outgoing {
  try {
    return new Outgoing({ platform, allowed: settings['outgoing.allowed'], allowHttp: settings['outgoing.allowHttp'] });
  } catch (error) {
    throw error instanceof RangeError ? new StartRefused(`outgoing.allowed: ${error.message}`) : error;
  }
}
