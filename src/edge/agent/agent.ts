import type { Cancel } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type ClientConnection, type InboundPublish, type OutboundPublish, openLocalClient } from '../broker/local-client.ts';
import { stayConnected } from '../broker/stay-connected.ts';
import { type Command, capabilityTopic, commandTopic, parseCommand, parseCommandTopic, retained } from '../entities/command.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import type { ServiceHealth } from '../health/service-health.ts';
import { SendQueue } from '../mapper/send-queue.ts';
import type { CommandJournal, KeptCommand } from './command-journal.ts';
import { CommandQueue, failure } from './command-queue.ts';
import { agentQueue, capabilityCheckMs, commandsKeptMax, farewellMsMax, requestBytesMax } from './limits.ts';
import type { Operation } from './operation.ts';

export type AgentOptions = {
  readonly names: LocalNames;
  readonly health: ServiceHealth;
  readonly host: string;
  readonly port: number;
  /** Names the session that the broker keeps while the agent is away. */
  readonly clientId: string;
  readonly operations: readonly Operation[];
  /** Names of operations that this device does not do, though an earlier run may have said so. */
  readonly turnedOff: readonly string[];
  readonly journal: CommandJournal;
  /** Another limit than the usual one. */
  readonly keptMax?: number;
};

/**
 * Does what is asked of this device on `te/…/cmd/<operation>/<id>`: by whom, the broker does not say, so whoever may publish there may
 * ask. A command is acknowledged to the broker once it is on disk.
 */
export class Agent {
  readonly #platform: Platform;
  readonly #options: AgentOptions;
  readonly #operations: ReadonlyMap<string, Operation>;
  readonly #commands: CommandQueue;
  readonly #stopping = new AbortController();
  readonly #capabilities = new Map<string, string>();
  #running: Promise<void> | undefined;
  #inbox: Promise<void> = Promise.resolve();
  #current: { readonly queue: SendQueue; readonly connection: ClientConnection } | undefined;
  #cancelCheck: Cancel = () => {};

  constructor(platform: Platform, options: AgentOptions) {
    this.#platform = platform;
    this.#options = options;
    this.#operations = new Map(options.operations.map((operation) => [operation.name, operation]));
    this.#commands = new CommandQueue(platform, {
      operations: this.#operations,
      journal: options.journal,
      keptMax: options.keptMax ?? commandsKeptMax,
      tell: (operation, id, command) => this.#tell(operation, id, command),
      onEnd: () => this.#tellCapabilities(),
    });
  }

  /** Resolves when what the last run left behind has been looked at. */
  async start(): Promise<void> {
    await this.#commands.start();
    this.#running ??= stayConnected(this.#platform, {
      name: 'agent',
      stopping: this.#stopping.signal,
      connect: () => this.#connect(),
    });
    this.#checkLater();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelCheck();
    await this.#commands.stop();
    await this.#inbox;
    await this.#farewell();
    this.#current?.connection.session.disconnect();
    await this.#running;
    this.#options.journal.close();
  }

  async #connect(): Promise<ClientConnection> {
    const { host, port, clientId, health, names } = this.#options;
    const queue = new SendQueue(agentQueue, () => {});
    const opened = Promise.withResolvers<ClientConnection>();
    opened.promise.catch(() => {});
    const connection = await openLocalClient({
      ...{ clock: this.#platform.clock, host, port, clientId, cleanSession: false, will: health.will, acknowledgesLater: true },
      onMessage: (message) => this.#receive(message, opened.promise),
      onOversize: ({ topic }) => this.#platform.log.warn('agent.command-too-large', { topic }),
      signal: this.#stopping.signal,
    }).catch((error: unknown) => {
      opened.reject(error);
      throw error;
    });
    const current = { queue, connection };
    this.#current = current;
    void connection.closed.then(() => {
      if (this.#current === current) this.#current = undefined;
    });
    queue.open(connection.session);
    opened.resolve(connection);
    this.#platform.log.info('agent.connected', { host, port });
    const filters = [`${names.topicRoot}/${names.mainTopicId}/cmd/+/+`, ...health.checkTopics, ...health.legacyCheckTopics];
    for (const filter of filters) connection.session.subscribe([{ filter, qos: 1 }]);
    // Where the broker forgets what is retained, this is what tells it again.
    this.#capabilities.clear();
    for (const name of this.#options.turnedOff) this.#send([retained(capabilityTopic(names, name), undefined)]);
    await this.#tellCapabilities();
    this.#send([health.registration, health.up(this.#platform.clock.now())]);
    this.#tellKept(this.#options.journal.all);
    return connection;
  }

  /** One after the other, each as it is by then: together they may be more than may wait for the broker. */
  #tellKept([next, ...rest]: readonly KeptCommand[]): void {
    if (!next) return;
    const { operation, id } = next;
    const kept = this.#options.journal.find(operation, id);
    if (kept) this.#tell(operation, id, kept.command, () => this.#tellKept(rest));
    else this.#tellKept(rest);
  }

  #receive({ topic, payload, qos, packetId }: InboundPublish, opened: Promise<ClientConnection>): void {
    const bytes = Buffer.from(payload);
    this.#inbox = this.#inbox
      .then(() => this.#take(topic, bytes))
      // Acknowledged all the same: it would fail again, and PUBACKs leave in order, so all later ones would wait for it.
      .catch((error: unknown) => this.#platform.log.warn('agent.command-failed', { topic, error: String(error) }))
      .then(() => opened)
      .then(({ session }) => {
        if (qos > 0) session.acknowledge(packetId);
      })
      // What came on a connection that was given up comes again on the next.
      .catch(() => {});
  }

  async #take(topic: string, payload: Buffer): Promise<void> {
    const { health, names } = this.#options;
    const now = this.#platform.clock.now();
    if (health.checkTopics.includes(topic)) return this.#send([health.up(now)]);
    if (health.legacyCheckTopics.includes(topic)) return this.#send([health.legacyUp(now)]);
    const { operation = '', id } = parseCommandTopic(topic, names) ?? {};
    // Operations that are not ours may be another program's.
    if (id === undefined || !this.#operations.has(operation)) return;
    if (payload.length === 0) return this.#commands.forget(operation, id);
    try {
      const command = parseCommand(payload);
      if (command.status !== 'init') return;
      if (payload.length > requestBytesMax) {
        throw new Problem('payload-too-large', `The request has ${payload.length} bytes; at most ${requestBytesMax} are taken.`);
      }
      await this.#commands.accept(operation, id, command);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      this.#tell(operation, id, failure(error));
    }
  }

  #tell(operation: string, id: string, command: Command, onSafe?: () => void): void {
    this.#send([retained(commandTopic(this.#options.names, operation, id), command)], onSafe);
  }

  /** What is new of it: types come and go with files and plugins. */
  async #tellCapabilities(): Promise<void> {
    for (const operation of this.#operations.values()) {
      try {
        const packet = retained(capabilityTopic(this.#options.names, operation.name), await operation.capability());
        if (this.#capabilities.get(operation.name) === packet.payload) continue;
        this.#capabilities.set(operation.name, String(packet.payload));
        this.#send([packet]);
      } catch (error) {
        this.#platform.log.warn('agent.capability-failed', { operation: operation.name, error: String(error) });
      }
    }
  }

  #checkLater(): void {
    this.#cancelCheck = this.#platform.clock.calendar.after(capabilityCheckMs, async () => {
      this.#checkLater();
      await this.#tellCapabilities();
    });
  }

  /** What there is no connection for is said again on the next. */
  #send(packets: readonly OutboundPublish[], onSafe?: () => void): void {
    if (this.#current?.queue.add(packets, onSafe) === false) this.#current.connection.session.disconnect();
  }

  #farewell(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#platform.clock.after(farewellMsMax, resolve);
    if (!this.#current?.queue.add([this.#options.health.down], resolve)) resolve();
    return promise.finally(cancel);
  }
}
