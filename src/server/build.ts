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
import { productVersion } from '#base/version.ts';
import { buildCentral } from '#central/central.ts';
import { buildData } from '#central/data/data.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { buildHub, type Hub, type HubDirectory } from '#hub/hub.ts';
import { Hubs } from '#hub/instances/hubs.ts';
import { AmqpConnections } from '#listeners/amqp-connections.ts';
import { chooseDeviceHttp, choosePeopleHttp, isForFiles } from '#listeners/host-table.ts';
import { HttpsListener } from '#listeners/https-listener.ts';
import { MqttSessions } from '#listeners/mqtt-sessions.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { TlsListener } from '#listeners/tls-listener.ts';
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
import { brokerLimitsOf, brokerListeners } from './broker-door.ts';
import { ClockControl } from './clock/clock-control.ts';
import { openDevelopmentClock } from './clock/development-directory.ts';
import { cloudToDeviceSettingsOf } from './cloud-to-device-settings.ts';
import type { ServerSettings } from './config.ts';
import { checkDataDirectory } from './data-directory-check.ts';
import { lockDataDirectory } from './data-directory-lock.ts';
import { startDemo } from './demo.ts';
import { fileListenerLimits, openFileService } from './file-service.ts';
import { healthRoutes } from './health-routes.ts';
import { hubLimitsOf } from './hub-limit-settings.ts';
import { hubOfQuery } from './hub-of-query.ts';
import { hubRest } from './hub-rest.ts';
import { loadOrCreateFile } from './key-file.ts';
import { listenerLimitsOf, readOpenFilesMax, visitorLimitsOf } from './listener-limits.ts';
import { isInMemory } from './memory-directory.ts';
import { openMonitoringDoor } from './monitoring/monitoring-door.ts';
import { countProcess } from './monitoring/process-metrics.ts';
import { startTraces } from './monitoring/start-traces.ts';
import { watchServer } from './monitoring/watch-server.ts';
import { portRefused } from './port-refused.ts';
import { quotaSettingsOf } from './quota-settings.ts';
import { checkReach, describeReach } from './reach.ts';
import { Rehearse } from './rehearsal/rehearse.ts';
import { routingAdminRoutes } from './routing-admin-routes.ts';
import { loadServerCertificates } from './server-certificates.ts';
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
  checkFilesHost(settings['files.hostName'], settings['listeners.hostNames']);
  checkSocketPath(administrationSocket(directory));
  await checkDataDirectory(directory);
  const lifecycle = new Lifecycle(platform);
  const unlock = await lockDataDirectory(directory);
  await lifecycle.start({ name: 'lock', stop: unlock });
  try {
    return await build({ ...options, lifecycle });
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function build(options: StartOptions & { lifecycle: Lifecycle }): Promise<RunningServer> {
  const { directory, settings, lifecycle, isDevelopment = false } = options;
  const movable = await openDevelopmentClock(directory, options.platform.clock, { isAsked: isDevelopment });
  const { metrics = new Metrics(), health = new Health() } = options.platform;
  const counted: Platform = { ...options.platform, metrics, health, ...(movable && { clock: movable }) };
  const isTraced = settings['traces.endpoint'] !== '';
  const platform = isTraced ? { ...counted, traces: new Traces(counted, settings['traces.sampleOneIn']) } : counted;
  const clock = new ClockControl(options.platform.clock, platform.log, movable);
  const startedAt = platform.clock.now();
  const address = settings['listeners.address'];
  const hostName = settings['listeners.hostNames'][0] ?? (isOrdinary(address) ? 'localhost' : address);
  const filesHost = settings['files.hostName'];
  const names = [...new Set([...settings['listeners.hostNames'], hostName, 'localhost', address, filesHost])].filter(
    (name) => name !== '' && !isWildcard(name),
  );
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
  const people = new HttpsListener({
    ...listener,
    limits: visitorLimits,
    port: settings['listeners.peoplePort'],
    asksForCertificate: false,
    choose: (request) => surfaces[choosePeopleHttp(request.url ?? '/')] ?? app,
  });
  const peoplePort = await bind(people, address, settings['listeners.peoplePort']);
  await lifecycle.start({ name: 'people', stop: () => people.stop() });
  const filesListener =
    files.http && filesHost === ''
      ? new HttpsListener({
          ...listener,
          limits: fileListenerLimits(visitorLimits),
          port: settings['files.port'],
          asksForCertificate: false,
          choose: () => files.http,
        })
      : undefined;
  const filesPort = filesListener ? await bind(filesListener, address, settings['files.port']) : https.port;
  await lifecycle.start({ name: 'files-listener', stop: async () => filesListener?.stop() });
  files.hostName = new URL(urlOf(filesHost || hostName, filesPort)).host;
  const mqtt = new TlsListener(
    { ...listener, port: settings['listeners.mqttPort'] },
    new MqttSessions({ platform, limits, surfaces: mqttSurfaces }),
  );
  const mqttPort = await bind(mqtt, address, settings['listeners.mqttPort']);
  await lifecycle.start({ name: 'mqtt', stop: () => mqtt.stop() });
  const amqp = new TlsListener(
    { ...listener, port: settings['listeners.amqpPort'] },
    new AmqpConnections({ platform, limits, amqp: amqpSurfaces }),
  );
  amqpPort = await bind(amqp, address, settings['listeners.amqpPort']);
  await lifecycle.start({ name: 'amqp', stop: () => amqp.stop() });
  const broker = brokerListeners(listener, hub.brokerMqtt, settings);
  if (broker.tls) await bind(broker.tls, address, settings['broker.port']);
  await lifecycle.start({ name: 'broker', stop: async () => broker.tls?.stop() });
  if (broker.plain) await bind(broker.plain, broker.plainAddress, settings['broker.plainPort']);
  await lifecycle.start({ name: 'plain-broker', stop: async () => broker.plain?.stop() });
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
    for (const each of [https.listener, people, filesListener, mqtt, amqp, broker.tls, monitoring]) each?.present(fresh);
  });
  const peopleUrl = urlOf(hostName, peoplePort);

  const ports = { mqttPort, amqpPort, httpsPort: https.port };
  const createSignInLink = () => central.createSignInLink(peopleUrl);
  const status = async ({ withSecrets }: { withSecrets: boolean }): Promise<ServerStatus> => ({
    version: productVersion,
    pid: process.pid,
    startedAt: formatInstant(startedAt),
    dataDirectory: directory,
    ...(isInMemory(directory) && { isInMemory: true as const }),
    health: await health.report(),
    ...(movable && { clock: clock.describe() }),
    address,
    ca: caFile,
    hub: hubStatus(hub, ports, withSecrets),
    hubs: Object.fromEntries(hubs.list().map((each) => [each.name, hubStatus(each, ports, withSecrets)])),
    dps: {
      hostName,
      idScope: provisioning.idScope,
      mqttPort,
      httpsPort: https.port,
      ...(withSecrets && { connectionStrings: connectionStrings(hostName, provisioning.policies.list()) }),
    },
    central: {
      url: peopleUrl,
      applicationId: central.appId,
      ...(withSecrets && { apiToken: (await central.mintApiToken()).token }),
    },
    sphere: { url: sphereUrl, tenantId: sphere.defaultTenantId },
    ...(files.http && { files: { hostName: files.hostName } }),
    ...(brokerLimits && { broker: { port: settings['broker.port'], plainPort: settings['broker.plainPort'] } }),
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
    const demo = await startDemo({ platform, directory, sphere, provisioning, sphereUrl, hostName, mqttPort, ca: identity.ca });
    await lifecycle.start({ name: 'demo', stop: () => demo.stop() });
  }
  // Stopped first: nothing falls due in what is being taken apart.
  await lifecycle.start({ name: 'clock', stop: () => clock.stop() });
  platform.log.info('server.started', { address, mqttPort, amqpPort, httpsPort: https.port, peoplePort });
  return {
    notices: [
      ...(https.notice ? [https.notice] : []),
      ...broker.notices,
      ...describeReach(address, {
        mqtt: mqttPort,
        amqp: amqpPort,
        https: https.port,
        people: peoplePort,
        ...(filesListener && { files: filesPort }),
        broker: settings['broker.port'],
      }),
    ],
    main: hub,
    hubs,
    hubStatusOf: (each) => hubStatus(each, ports, true),
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

/** Files share no name with anything else, or pages could be made of them. Throws StartRefused. */
function checkFilesHost(filesHost: string, hostNames: readonly string[]): void {
  if (filesHost === '') return;
  if (!hostNames.some((name) => name.toLowerCase() === filesHost.toLowerCase()) && filesHost !== 'localhost') return;
  throw new StartRefused(`files.hostName is ${filesHost}, which is a name of the server itself.`, {
    fix: 'Give files a name of their own, or leave it out: then they have a port of their own.',
  });
}

/** Throws StartRefused for an allow list that names no networks. */
function openOutgoing(platform: Platform, settings: ServerSettings): Outgoing {
  try {
    return new Outgoing({ platform, allowed: settings['outgoing.allowed'], allowHttp: settings['outgoing.allowHttp'] });
  } catch (error) {
    throw error instanceof RangeError ? new StartRefused(`outgoing.allowed: ${error.message}`) : error;
  }
}

async function bind(listener: { start(): Promise<number> }, address: string, port: number): Promise<number> {
  try {
    return await listener.start();
  } catch (error) {
    throw portRefused(error, address, port);
  }
}

/** What `localhost` leads to, or includes it. */
function isOrdinary(address: string): boolean {
  return ['127.0.0.1', '::1', 'localhost'].includes(address) || isWildcard(address);
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

function urlOf(host: string, port: number): string {
  return `https://${host.includes(':') ? `[${host}]` : host}${port === 443 ? '' : `:${port}`}`;
}
