import type { CaCertificates } from '#authorities/ca-certificates.ts';
import type { RevocationLists } from '#authorities/revocation-lists.ts';
import type { Instant } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { SourceName } from '#lang/query/ast.ts';
import type { AmqpSurface, HttpSurface, MqttSurface } from '#listeners/surface.ts';
import type { AuditLog } from '#storage/audit-log.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { DeviceEvidence } from '#trust/authenticate-device.ts';
import type { ServiceCaller } from '#trust/caller.ts';
import type { IssuerChange } from '#trust/check-issuer.ts';
import type { RevocationEvidence } from '#trust/revocation.ts';
import type { Verdict } from '#trust/verdict.ts';
import { Broker } from './broker/broker.ts';
import { BrokerConnections } from './broker/broker-connections.ts';
import type { BrokerLimits } from './broker/limits.ts';
import { CloudToDevice } from './cloud-to-device/cloud-to-device.ts';
import type { Feedback } from './cloud-to-device/feedback.ts';
import { type CloudToDeviceSettings, defaultCloudToDeviceSettings } from './cloud-to-device/limits.ts';
import { Configurations } from './configurations/configurations.ts';
import { countHub } from './count-hub.ts';
import { LastCredentials } from './credentials/last-credentials.ts';
import { announceDigitalTwins } from './digital-twins/announce-digital-twins.ts';
import type { ConsumerGroups } from './events/consumer-groups.ts';
import type { EventLog } from './events/event-log.ts';
import { defaultEventsEndpointSettings, type EventsEndpointSettings, openEventsEndpoint } from './events/events-endpoint.ts';
import { type FaultMode, Faults } from './faults/faults.ts';
import { FileUploads } from './files/file-uploads.ts';
import { defaultFileSettings, type FileSettings } from './files/limits.ts';
import { FileNotifications } from './files/notifications.ts';
import type { UploadTarget } from './files/upload-target.ts';
import { defaultHubLimits, type HubLimits } from './hub-limits.ts';
import type { Identity } from './identity.ts';
import { type HubPolicies, openHubPolicies } from './instances/hub-policies.ts';
import { refusalsUnder } from './instances/hub-refusals.ts';
import { ServiceSignIn } from './instances/service-sign-in.ts';
import { Jobs } from './jobs/jobs.ts';
import { jobsSource } from './jobs/jobs-source.ts';
import { HubEvents } from './messages/hub-events.ts';
import { Methods } from './methods/methods.ts';
import { Presence } from './presence/presence.ts';
import { IdentityFinder } from './query/find-identities.ts';
import { Queries } from './query/queries.ts';
import type { QuerySource } from './query/query-source.ts';
import { twinSource } from './query/twin-source.ts';
import { Quotas } from './quotas/quotas.ts';
import { noQuotas, type QuotaSettings } from './quotas/rates.ts';
import { CredentialWatches } from './registry/credential-watches.ts';
import { IssuerPins } from './registry/issuer-pins.ts';
import { Registry } from './registry/registry.ts';
import { SignIn } from './registry/sign-in.ts';
import type { DestinationDoors } from './routing/destinations.ts';
import { sourceOfEvent } from './routing/route.ts';
import { Routing } from './routing/routing.ts';
import { StoredSessions } from './sessions/stored-sessions.ts';
import { HubAmqp } from './surface/amqp.ts';
import { serveDevicebound } from './surface/amqp-devicebound.ts';
import { AmqpEvents } from './surface/amqp-events.ts';
import { serveReceiver } from './surface/amqp-service-receiver.ts';
import { BrokerMqtt } from './surface/broker-mqtt.ts';
import { buildDeviceHttp } from './surface/device-http.ts';
import { nameError } from './surface/errors.ts';
import { buildHubHttp, serviceRoutes } from './surface/http.ts';
import { HubMqtt } from './surface/mqtt.ts';
import type { OversizeRule } from './surface/oversize-rule.ts';
import { feedbackQueue, fileNotificationQueue } from './surface/service-queues.ts';
import type { ServiceRoute } from './surface/service-route.ts';
import { transferLines } from './surface/transfer-lines.ts';
import { noContainer } from './transfers/own-container.ts';
import type { TransferFiles } from './transfers/transfer.ts';
import { Transfers } from './transfers/transfers.ts';
import { Twins } from './twins/twins.ts';

export type HubOptions = {
  readonly platform: Platform;
  readonly database: Database;
  /** Where queries read what `database` holds; without it, there. */
  readonly queryDatabase?: Database;
  readonly refusals: Pick<RefusalLog, 'record'>;
  /** Without it nobody writes down what back ends change. */
  readonly audit?: Pick<AuditLog, 'record'>;
  readonly secrets: SecretStore;
  /** The CAs of this hub. */
  readonly authorities: CaCertificates;
  readonly revocationLists: Pick<RevocationLists, 'evidence' | 'onChange' | 'seen'>;
  /** Default `alert`. */
  readonly issuerChange?: IssuerChange;
  readonly events: EventLog;
  /** What devices dial and name in their user name. */
  readonly hostName: string;
  /** Tells the hubs of one database apart. */
  readonly instanceName: string;
  /** Where equal ids at two hubs must stay apart: what a refusal's subject becomes. Without it, it stays. */
  readonly refusalSubject?: (subject: string) => string;
  /** Default `close`. */
  readonly oversizePublish?: OversizeRule;
  /** Without it, as the cloud does it. */
  readonly cloudToDevice?: CloudToDeviceSettings;
  /** Without it readers of events are sent to the hub's own host name. */
  readonly eventsEndpoint?: EventsEndpointSettings;
  /** Default: the cloud's. */
  readonly limits?: HubLimits;
  /** Without it nobody is throttled. */
  readonly quotas?: QuotaSettings;
  /** Where devices upload files to; without it they are told that nothing is configured. */
  readonly files?: { readonly settings: FileSettings; readonly target: UploadTarget; readonly transfers: TransferFiles };
  /** What destinations of routes may use; without it there are none. */
  readonly doors?: DestinationDoors;
  /** What may go wrong on purpose; without it, nothing. */
  readonly faults?: FaultMode;
  /** Makes the broker door; without it there is none. */
  readonly broker?: BrokerLimits;
};

/** What neighbours may ask of a hub; what happens at it they read in `events`. */
export type Hub = {
  /** What people call it, and what tells it apart in the database: `main` for the first. */
  readonly name: string;
  readonly hostName: string;
  readonly mqtt: MqttSurface;
  readonly amqp: AmqpSurface;
  /** Plain MQTT for the devices of this hub, where it was asked for. */
  readonly brokerMqtt: MqttSurface | undefined;
  /** The REST for back ends, and the devices' own. */
  readonly http: HttpSurface;
  readonly authorities: CaCertificates;
  readonly registry: Pick<
    Registry,
    | 'create'
    | 'load'
    | 'require'
    | 'list'
    | 'setEnabled'
    | 'setAuthentication'
    | 'hold'
    | 'listHeld'
    | 'delete'
    | 'provision'
    | 'count'
    | 'modules'
  >;
  readonly twins: Pick<Twins, 'load' | 'patchDesired' | 'patchTags' | 'onDesiredChange'>;
  readonly methods: Pick<Methods, 'invoke'>;
  /** Messages to devices and modules, by name (`{device}` or `{device}/{module}`), and what became of them. */
  readonly cloudToDevice: Pick<CloudToDevice, 'send' | 'purge' | 'count' | 'countInputs' | 'countMany'> & {
    readonly feedback: Pick<Feedback, 'onArrival' | 'receive' | 'complete' | 'abandon'>;
  };
  /** Files that devices upload, as back ends hear of them. */
  readonly files: {
    readonly notifications: Pick<FileNotifications, 'onArrival' | 'receive' | 'complete' | 'abandon' | 'reject'>;
  };
  readonly presence: Pick<Presence, 'isConnected' | 'connectedCount' | 'load' | 'onChange'>;
  readonly events: EventLog;
  /** The Event-Hubs-compatible endpoint: its host name, what it is called there, and who may read apart from others. */
  readonly eventsEndpoint: {
    readonly hostName: string;
    readonly entity: string;
    readonly groups: Pick<ConsumerGroups, 'list' | 'find' | 'create' | 'delete'>;
    /** Where AMQP answers; asked while it runs. */
    redirectPort(): number;
  };
  /** Where events go: routes, the fallback, and what is added on the way. */
  readonly routing: Pick<
    Routing,
    | 'routes'
    | 'destinations'
    | 'createDestination'
    | 'deleteDestination'
    | 'enrichments'
    | 'isFallbackEnabled'
    | 'saveRoute'
    | 'deleteRoute'
    | 'setFallback'
    | 'saveEnrichment'
    | 'deleteEnrichment'
  >;
  /** What goes wrong on purpose; undefined where nothing may. */
  readonly faults: Pick<Faults, 'mode' | 'rules'> | undefined;
  readonly policies: Pick<HubPolicies, 'list' | 'find'>;
  /** The REST for back ends as data, for who serves a part of it to others under rules of his own. */
  readonly serviceRoutes: readonly ServiceRoute[];
  /** With what devices signed in last. */
  readonly credentials: Pick<LastCredentials, 'loadMany'>;
  /** Whether a device would be let in at another instant. Nobody is let in and no refusal is kept. */
  signInAt(
    identity: Identity,
    evidence: DeviceEvidence,
    then: { at: Instant; revocation: RevocationEvidence },
  ): Promise<Verdict<unknown>>;
  /** Under which subject refusals of a device are kept: equal ids at two hubs are two devices. */
  refusalSubject(deviceId: string): string;
  /**
   * Under which access policy a back end acts that sent `authorization` and asks for `path`, decoded,
   * such as `/devices/dev1`. A refusal is for the surface to keep: it knows the peer.
   */
  authenticateService(authorization: string | undefined, path: string): Promise<Verdict<ServiceCaller>>;
  start(): Promise<void>;
  /** Ends every session once what it sent is acknowledged, or after a moment. The event log stays open: its owner closes it. */
  stop(): Promise<void>;
};

/** The hubs of this installation, for those who serve more than one. */
export type HubDirectory = {
  list(): readonly Hub[];
  find(name: string): Hub | undefined;
  /**
   * Adds a hub, which takes devices when this resolves. Throws Problem `argument-invalid` for a name that no hub
   * may have, `already-exists`, or `quota-exceeded`.
   */
  create(name: string): Promise<Hub>;
  /** Ends its sessions and forgets all it had. Throws Problem `not-found`, or `conflict` for `main`. */
  delete(name: string): Promise<void>;
};

/** How long a stop waits for the disk before it ends sessions whose messages are not acknowledged yet. */
const drainMsMax = 2_000;

export async function buildHub(options: HubOptions): Promise<Hub> {
  const { platform, database, secrets, authorities, events: log, hostName, instanceName: hub } = options;
  const { revocationLists, issuerChange = 'alert', limits = defaultHubLimits } = options;
  const { refusalSubject = (subject) => subject, oversizePublish = 'close' } = options;
  const refusals = refusalsUnder(options.refusals, refusalSubject);
  // What back ends call the hub: in user names, in what they are sent, and in events.
  const hubName = hostName.split('.', 1)[0] ?? hostName;
  const events = new HubEvents(platform, log, hubName);
  const presence = new Presence(platform, database, hub, events);
  const twins = new Twins(platform, database, hub, events, limits.twins);
  const watches = new CredentialWatches();
  const registry = new Registry({
    platform,
    database,
    hub,
    twins,
    presence,
    watches,
    events,
    sealer: secrets,
    limits: limits.registry,
  });
  const credentials = new LastCredentials(platform, database, hub);
  presence.join({ drop() {}, dropWhere() {}, forget: (identity) => credentials.forget(identity) });
  const quotas = new Quotas(platform, options.quotas ?? noQuotas);
  const methods = new Methods(platform, registry, { quotas, limits: limits.methods });
  const { cloudToDevice: settings = defaultCloudToDeviceSettings } = options;
  const cloudToDevice = new CloudToDevice({ platform, database, hub, registry, settings, quotas, limits: limits.cloudToDevice });
  const configurationsOf = (identities: readonly string[]) => configurations.statusesOf(identities);
  const twinRooms = { database: options.queryDatabase ?? database, hub, presence, cloudToDevice, configurationsOf };
  const twinSources = { devices: twinSource(twinRooms, false), modules: twinSource(twinRooms, true) };
  const sources = new Map<SourceName, QuerySource>([
    ['devices', twinSources.devices],
    ['devices.modules', twinSources.modules],
  ]);
  const queries = new Queries(sources);
  const configurations = new Configurations({
    platform,
    database,
    hub,
    sources: twinSources,
    twins,
    modules: registry.modules,
    countRows: (query) => queries.countRows(query),
    checkQuery: (query) => queries.check(query),
  });
  events.onRecorded((identity) => configurations.changed(identity));
  const jobs = new Jobs({ platform, database, hub, finder: new IdentityFinder(sources), twins, methods, events, nameError });
  sources.set('devices.jobs', jobsSource(jobs.targets, nameError));
  const sessions = new StoredSessions(database, hub);
  const { settings: fileSettings, target } = options.files ?? { settings: defaultFileSettings, target: undefined };
  const notifications = await FileNotifications.open(platform, database, hub, fileSettings);
  const files = new FileUploads({ platform, database, hub, settings: fileSettings, notifications, target });
  const policies = await openHubPolicies(platform, secrets, hub);
  const endpoint = await openEventsEndpoint(platform, database, {
    log,
    hub,
    hostName,
    settings: options.eventsEndpoint ?? defaultEventsEndpointSettings,
  });
  const amqpEvents = new AmqpEvents(platform, endpoint);
  const serviceSignIn = new ServiceSignIn(platform, [hostName, endpoint.hostName], policies);
  const issuerPins = new IssuerPins({ platform, database, hub, refusals, issuerChange });
  const brokerConnections = new BrokerConnections(platform);
  const audit = options.audit && { log: options.audit, hub };
  const routing = await Routing.open({
    platform,
    database,
    secrets,
    hub,
    hubName,
    events: log,
    ...(options.doors && { doors: options.doors }),
    loadTwin: (identity) => twins.find(identity),
    connected: () => new Set([...presence.connected, ...brokerConnections.connected]),
  });
  const prepare = (identity: string) => routing.twins.prepare(identity);
  events.waitFor(prepare);
  events.askFirst((source) => routing.takes(sourceOfEvent(source)));
  announceDigitalTwins(twins, events);
  presence.join({ drop() {}, dropWhere() {}, forget: (identity) => routing.twins.forget(identity) });
  const signIn = new SignIn(platform, { hostName, registry, authorities, revocationLists, policies, issuerPins, prepare });
  const faults = options.faults && new Faults(platform, options.faults);
  const mqtt = new HubMqtt({
    platform,
    hostName,
    twins,
    methods,
    cloudToDevice,
    presence,
    sessions,
    quotas,
    limits,
    events: log,
    refusals,
    signIn,
    credentials,
    watches,
    oversizePublish,
    faults,
  });
  const authenticateService = (authorization: string | undefined, path: string) => serviceSignIn.check(authorization, path);
  const amqp = new HubAmqp({
    platform,
    hubName,
    serviceLinks: {
      devicebound: serveDevicebound(platform.log, cloudToDevice, audit),
      feedback: serveReceiver(platform, feedbackQueue(cloudToDevice.feedback, hubName)),
      'file-notifications': serveReceiver(platform, fileNotificationQueue(notifications, hubName)),
      events: (arrival, address) => amqpEvents.serve(arrival, address),
    },
    twins,
    methods,
    cloudToDevice,
    credentials,
    presence,
    events: log,
    refusals,
    signIn,
    watches,
    authenticateService,
    quotas,
    limits,
    faults,
  });
  const identities = { registry, twins, presence, methods, cloudToDevice, queries, quotas, jobs, configurations };
  const transfers = new Transfers({
    platform,
    database,
    hub,
    files: options.files?.transfers ?? noContainer,
    lines: transferLines(platform, identities),
    countDevices: async () => (await registry.count()).total,
  });
  const serviceRooms = { ...identities, transfers, routing };
  const http = await buildHubHttp({
    platform,
    refusals,
    audit,
    rooms: serviceRooms,
    devices: await buildDeviceHttp({
      platform,
      events: log,
      cloudToDevice,
      files,
      quotas,
      limits,
      signIn,
      credentials,
      refusals,
      faults,
    }),
    authenticateService,
    authenticateDevice: (deviceId, token) => signIn.check({ deviceId }, { certificates: [], token }),
  });
  const broker = options.broker && (await Broker.open(platform, database, hub, options.broker));
  const brokerMqtt =
    broker &&
    new BrokerMqtt({
      platform,
      hostName,
      broker,
      connections: brokerConnections,
      quotas,
      limits,
      events: log,
      refusals,
      signIn,
      credentials,
      watches,
      oversizePublish,
    });
  if (broker) {
    presence.join({
      drop: (identity, cause) => brokerConnections.drop(identity, cause),
      dropWhere: (isRevoked, cause) => brokerConnections.dropWhere(isRevoked, cause),
      forget: (identity) => broker.forget(identity),
    });
  }
  const cancelGauges = countHub(platform, { presence, methods, jobs });
  const cancelAuthorities = authorities.onChange(() => {
    void signIn.dropUnverified(presence, watches);
  });
  const cancelLists = revocationLists.onChange((list) => signIn.dropRevoked(presence, watches, list));
  return {
    name: hub,
    hostName,
    mqtt,
    amqp,
    brokerMqtt,
    http,
    authorities,
    registry,
    twins,
    methods,
    cloudToDevice,
    files: { notifications },
    presence,
    events: log,
    eventsEndpoint: endpoint,
    routing,
    faults,
    policies,
    serviceRoutes: serviceRoutes(platform, serviceRooms),
    credentials,
    signInAt: (identity, evidence, { at, revocation }) => signIn.checkAt(identity, evidence, at, revocation),
    refusalSubject,
    authenticateService,
    async start() {
      await twins.start();
      brokerConnections.start();
      cloudToDevice.start();
      await presence.start();
      await jobs.start();
      routing.start();
      await configurations.start();
      await transfers.start();
    },
    async stop() {
      faults?.rules.clear();
      cancelGauges();
      cancelAuthorities();
      cancelLists();
      await Promise.all([mqtt.drain(drainMsMax), amqp.drain(drainMsMax), brokerMqtt?.drain(drainMsMax)]);
      brokerConnections.stop('hub-stopped');
      await broker?.journal.close();
      await configurations.stop();
      await routing.stop();
      await transfers.stop();
      await jobs.stop();
      await presence.stop();
      await cloudToDevice.stop();
      await credentials.flush();
      await twins.idle();
      await events.idle();
    },
  };
}
