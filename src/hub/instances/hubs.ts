import { CaCertificates } from '#authorities/ca-certificates.ts';
import { logWith } from '#base/log.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { serverNameOf } from '#listeners/https-listener.ts';
import type { AmqpSurface, HttpSurface, MqttSurface } from '#listeners/surface.ts';
import type { Database } from '#storage/database.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { SecretStore } from '#storage/secret-store.ts';
import type { EventLog } from '../events/event-log.ts';
import { buildHub, type Hub, type HubDirectory, type HubOptions } from '../hub.ts';
import { chooseAmqpHub, chooseHttpHub, chooseMqttHub, type HubsByHost, hubOfResource } from './choose-hub.ts';
import { parseHubName } from './hub-name.ts';
import { HubOfFirstToken } from './hub-of-first-token.ts';
import { refusalsUnder } from './hub-refusals.ts';
import { HubStore } from './hub-store.ts';

/** As many as a subscription holds in the cloud. Each name stands in the server's certificate, which devices must be able to read. */
export const hubsMax = 50;

/** Where the events of added hubs lie. */
export type HubLogs = {
  open(hub: string): Promise<EventLog>;
  /** Removes the closed log of a hub, if there is one. */
  discard(hub: string): Promise<void>;
};

export type HubsOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly queryDatabase?: Database;
  readonly refusals: Pick<RefusalLog, 'record'>;
  readonly audit?: HubOptions['audit'];
  readonly secrets: SecretStore;
  readonly revocationLists: HubOptions['revocationLists'];
  readonly issuerChange?: HubOptions['issuerChange'];
  readonly logs: HubLogs;
  /** The hub that is always there. It was started, and others stop it. */
  readonly main: Hub;
  /** An added hub is called `{name}.{base}`. */
  readonly baseHostName: string;
  readonly oversizePublish: NonNullable<HubOptions['oversizePublish']>;
  readonly cloudToDevice?: HubOptions['cloudToDevice'];
  /** Where the files of the devices of a hub of this name go. */
  readonly filesOf?: (hub: string) => NonNullable<HubOptions['files']>;
  /** What the destinations of a hub of this name may use. */
  readonly doorsOf?: (hub: string) => NonNullable<HubOptions['doors']>;
  readonly eventsEndpoint?: HubOptions['eventsEndpoint'];
  readonly quotas?: HubOptions['quotas'];
  readonly limits?: HubOptions['limits'];
  readonly faults?: HubOptions['faults'];
  /** Names that mean something else here, so that no hub may get them. */
  readonly otherHostNames: readonly string[];
};

type Added = { readonly hub: Hub; readonly events: EventLog };

/**
 * Every hub of this installation: `main`, and those that people add and delete while it runs. They share
 * ports and database and nothing else: each has its devices, policies, CA certificates and event log.
 */
export class Hubs implements HubDirectory {
  readonly #options: HubsOptions;
  readonly #store: HubStore;
  readonly #added = new Map<string, Added>();
  #byHost: HubsByHost<Hub>;
  #present: (hostNames: readonly string[]) => Promise<void> = async () => {};
  /** One change after the other. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(options: HubsOptions) {
    this.#options = options;
    this.#store = new HubStore(options.database);
    this.#byHost = this.#index();
  }

  /** Starts every hub that was added before. */
  static async open(options: HubsOptions): Promise<Hubs> {
    const hubs = new Hubs(options);
    try {
      for (const name of await hubs.#store.list()) await hubs.#start(name);
    } catch (error) {
      await hubs.close();
      throw error;
    }
    return hubs;
  }

  list(): readonly Hub[] {
    return [this.#options.main, ...[...this.#added.values()].map(({ hub }) => hub)];
  }

  find(name: string): Hub | undefined {
    const wanted = name.toLowerCase();
    return this.list().find((hub) => hub.name === wanted);
  }

  /** The names of the added hubs. */
  get hostNames(): string[] {
    return [...this.#added.values()].map(({ hub }) => hub.hostName);
  }

  /** `present` shows the certificate of these names from now on; a hub is there when its name is in it. */
  onHostNames(present: (hostNames: readonly string[]) => Promise<void>): void {
    this.#present = present;
  }

  /** MQTT for all of them. */
  readonly mqtt: MqttSurface = {
    open: (connection, connect) => {
      const { userName } = connect;
      const { serverName } = connection.peer;
      return chooseMqttHub(this.#byHost, { userName, serverName }).mqtt.open(connection, connect);
    },
  };

  /** AMQP for all of them. */
  readonly amqp: AmqpSurface = {
    authenticate: (credentials, peer) => {
      const { userName, hostName } = credentials;
      const { serverName } = peer;
      return chooseAmqpHub(this.#byHost, { hostName, serverName, userName }).amqp.authenticate(credentials, peer);
    },
    open: (arrival) => {
      const { open, peer, plain } = arrival;
      const { hostName } = open;
      const { serverName } = peer;
      const hub = chooseAmqpHub(this.#byHost, { hostName, serverName, userName: plain?.userName });
      if (hub !== this.#options.main || plain || this.#added.size === 0) return hub.amqp.open(arrival);
      return new HubOfFirstToken(arrival, (resource) => (hubOfResource(this.#byHost, resource) ?? hub).amqp);
    },
  };

  /** The REST of all of them. */
  readonly http: HttpSurface = (request, response) => {
    const { host, authorization } = request.headers;
    chooseHttpHub(this.#byHost, { host, serverName: serverNameOf(request), authorization }).http(request, response);
  };

  create(name: string): Promise<Hub> {
    return this.#inTurn(() => this.#create(parseHubName(name)));
  }

  delete(name: string): Promise<void> {
    return this.#inTurn(() => this.#delete(name.toLowerCase()));
  }

  /** Ends the sessions of the added hubs; their logs stay open. */
  async stopSessions(): Promise<void> {
    await this.#changing;
    await Promise.all([...this.#added.values()].map(({ hub }) => hub.stop()));
  }

  async close(): Promise<void> {
    await this.stopSessions();
    for (const { events } of this.#added.values()) await events.close();
    this.#added.clear();
    this.#byHost = this.#index();
  }

  async #create(name: string): Promise<Hub> {
    const { platform, logs, otherHostNames } = this.#options;
    const hostName = this.#hostNameOf(name);
    if (this.find(name)) throw taken(name);
    if (otherHostNames.some((other) => other.toLowerCase() === hostName)) {
      throw new Problem('conflict', `The host name ${hostName} is in use for this server.`, { reason: 'HostNameInUse' });
    }
    if (this.list().length >= hubsMax) throw new Problem('quota-exceeded', `There can be at most ${hubsMax} hubs.`);
    // What a deletion that was cut off left behind is not the new hub's.
    await this.#store.delete(name);
    await logs.discard(name);
    try {
      const hub = await this.#start(name);
      await this.#present(this.hostNames);
      if (!(await this.#store.insert(name, platform.clock.now()))) throw taken(name);
      platform.log.info('hub.created', { hub: name, hostName });
      return hub;
    } catch (error) {
      await this.#stop(name);
      await this.#forget(name);
      throw error;
    }
  }

  async #delete(name: string): Promise<void> {
    const { platform, main } = this.#options;
    if (name === main.name) {
      throw new Problem('conflict', `IoT Central and device provisioning use the hub ${name}. It cannot be deleted.`, {
        reason: 'HubInUse',
      });
    }
    if (!this.#added.has(name))
      throw new Problem('not-found', `There is no hub ${name.slice(0, 64)}.`, { reason: 'HubNotFound' });
    await this.#stop(name);
    await this.#store.delete(name);
    platform.log.info('hub.deleted', { hub: name });
    await this.#forget(name);
  }

  async #start(name: string): Promise<Hub> {
    const {
      database,
      secrets,
      logs,
      oversizePublish,
      cloudToDevice,
      quotas,
      limits,
      eventsEndpoint,
      revocationLists,
      issuerChange,
      faults,
    } = this.#options;
    const platform = { ...this.#options.platform, log: logWith(this.#options.platform.log, { hub: name }) };
    const { refusals, audit, filesOf, doorsOf, queryDatabase } = this.#options;
    // Neither a device nor a module is called by nothing, so this has one reading.
    const refusalSubject = (subject: string) => `${name}//${subject}`;
    const events = await logs.open(name);
    try {
      const authorities = new CaCertificates(platform, database, `hub:${name}`, refusalsUnder(refusals, refusalSubject));
      const rule = issuerChange && { issuerChange };
      const own = {
        authorities,
        revocationLists,
        ...rule,
        events,
        hostName: this.#hostNameOf(name),
        instanceName: name,
        refusalSubject,
        ...(filesOf && { files: filesOf(name) }),
        ...(doorsOf && { doors: doorsOf(name) }),
      };
      const chosen = {
        ...(cloudToDevice && { cloudToDevice }),
        ...(quotas && { quotas }),
        ...(limits && { limits }),
        ...(eventsEndpoint && { eventsEndpoint }),
        ...(faults && { faults }),
        ...(audit && { audit }),
        ...(queryDatabase && { queryDatabase }),
      };
      const given = { platform, database, refusals, secrets, oversizePublish, ...chosen };
      const hub = await buildHub({ ...given, ...own });
      await hub.start();
      this.#added.set(name, { hub, events });
      this.#byHost = this.#index();
      return hub;
    } catch (error) {
      await events.close();
      throw error;
    }
  }

  /** Nobody finds it any more, and those whom it served are sent away. */
  async #stop(name: string): Promise<void> {
    const added = this.#added.get(name);
    if (!added) return;
    this.#added.delete(name);
    this.#byHost = this.#index();
    await added.hub.stop();
    await added.events.close();
  }

  /** Of a hub that is stopped. What this leaves behind is removed before its name is used again. */
  async #forget(name: string): Promise<void> {
    const { platform, logs } = this.#options;
    try {
      await this.#store.delete(name);
      await logs.discard(name);
      await this.#present(this.hostNames);
    } catch (error) {
      platform.log.warn('hub.leftover', { hub: name, error: String(error) });
    }
  }

  #hostNameOf(name: string): string {
    return `${name}.${this.#options.baseHostName}`.toLowerCase();
  }

  #index(): HubsByHost<Hub> {
    const { main } = this.#options;
    // Where several read their events under one name, it is the first one's.
    const byHost = new Map([...this.list()].reverse().map((hub) => [hub.eventsEndpoint.hostName, hub]));
    for (const hub of this.list()) byHost.set(hub.hostName.toLowerCase(), hub);
    return { main, byHost };
  }

  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const result = this.#changing.then(change);
    this.#changing = result.catch(() => undefined);
    return result;
  }
}

function taken(name: string): Problem {
  return new Problem('already-exists', `There is a hub ${name} already.`, { reason: 'HubAlreadyExists' });
}
