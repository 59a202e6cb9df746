import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { type ClientConnection, type InboundPublish, type OutboundPublish, openLocalClient } from '../broker/local-client.ts';
import { PendingSends } from '../broker/pending-sends.ts';
import { stayConnected } from '../broker/stay-connected.ts';
import { parseCommandTopic } from '../entities/command.ts';
import { serviceTopicId } from '../entities/entity.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import { SendQueue } from '../mapper/send-queue.ts';
import { operationsQueue } from './limits.ts';
import { RequestFlow, type RequestFlowOptions } from './request-flow.ts';
import { TwinQuestions } from './twin-questions.ts';

export type TwinOperationsOptions = LocalNames &
  Pick<RequestFlowOptions, 'journal' | 'isEnabled' | 'upload'> & {
    /** First level of the bridge's topics. */
    readonly prefix: string;
    readonly host: string;
    readonly port: number;
    readonly clientId: string;
  };

/**
 * Joins the twin and the commands of the agent: a desired property that has the name of an operation becomes a command, and what becomes of that is
 * reported under the same name, `{"value": {"id", "status", …}, "ac", "av", "ad"}`. What is asked for comes from the bridge alone, which has signed
 * in at the hub; the twin is asked for at each connection, so what was wished in the meantime is found.
 */
export class TwinOperations {
  readonly #platform: Platform;
  readonly #options: TwinOperationsOptions;
  readonly #stopping = new AbortController();
  readonly #questions: TwinQuestions;
  readonly #flow: RequestFlow;
  #inbox: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  #current: { readonly queue: SendQueue; readonly connection: ClientConnection; readonly pending: PendingSends } | undefined;
  #reports = 0;

  constructor(platform: Platform, options: TwinOperationsOptions) {
    const { prefix } = options;
    this.#platform = platform;
    this.#options = options;
    this.#questions = new TwinQuestions(platform, (id) => {
      void this.#send([{ topic: `${prefix}/twin/GET/?$rid=${id}`, payload: '', qos: 1 }]).catch(() => {});
    });
    this.#flow = new RequestFlow(platform, {
      ...options,
      signal: this.#stopping.signal,
      send: (packets) => this.#send(packets),
      sendReported: (operation, change) => {
        const topic = `${prefix}/twin/PATCH/properties/reported/?$rid=${reportId(++this.#reports, operation)}`;
        return this.#send([{ topic, payload: JSON.stringify(change), qos: 1 }]);
      },
    });
  }

  start(): void {
    this.#running ??= stayConnected(this.#platform, {
      name: 'operations',
      stopping: this.#stopping.signal,
      connect: () => this.#connect(),
    });
    this.#questions.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#questions.stop();
    this.#current?.connection.session.disconnect();
    await this.#running;
    await this.#inbox;
  }

  async #connect(): Promise<ClientConnection> {
    const { host, port, clientId, topicRoot, mainTopicId, prefix } = this.#options;
    this.#flow.beginAnew();
    const connection = await openLocalClient({
      ...{ clock: this.#platform.clock, host, port, clientId, signal: this.#stopping.signal },
      onMessage: (message) => this.#receive(message),
      onOversize: ({ topic }) => this.#platform.log.warn('operations.message-too-large', { topic }),
    });
    const queue = new SendQueue(operationsQueue, () => {});
    const current = { queue, connection, pending: new PendingSends(connection) };
    this.#current = current;
    void connection.closed.then(() => {
      if (this.#current === current) this.#current = undefined;
    });
    queue.open(connection.session);
    const filters = [
      ...['+', '+/+'].map((levels) => `${topicRoot}/${mainTopicId}/cmd/${levels}`),
      ...this.#bridgeTopics,
      `${prefix}/twin/res/#`,
      `${prefix}/twin/PATCH/properties/desired/#`,
    ];
    for (const [index, filter] of filters.entries()) {
      connection.session.subscribe([{ filter, qos: 1 }], () => {
        if (index === filters.length - 1) this.#questions.ask();
      });
    }
    return connection;
  }

  /** Where the bridge says how it is: ours, or that of a Mosquitto. */
  get #bridgeTopics(): string[] {
    const { topicRoot, mainTopicId, prefix } = this.#options;
    const services = [`tedge-mapper-bridge-${prefix}`, `mosquitto-${prefix}-bridge`];
    return services.map((service) => `${topicRoot}/${serviceTopicId(mainTopicId, service)}/status/health`);
  }

  #receive({ topic, payload }: InboundPublish): void {
    const bytes = Buffer.from(payload);
    this.#inbox = this.#inbox
      .then(() => this.#take(topic, bytes))
      .catch((error: unknown) => this.#platform.log.warn('operations.failed', { topic, error: String(error) }));
  }

  async #take(topic: string, payload: Buffer): Promise<void> {
    const { prefix } = this.#options;
    if (this.#bridgeTopics.includes(topic)) {
      return this.#questions.setBridge(/^1$|"status" ?: ?"up"/.test(payload.toString()));
    }
    if (topic.startsWith(`${prefix}/twin/PATCH/properties/desired/`)) return this.#questions.ask();
    if (topic.startsWith(`${prefix}/twin/res/`)) return this.#takeAnswer(topic.slice(`${prefix}/twin/res/`.length), payload);
    const { operation, id } = parseCommandTopic(topic, this.#options) ?? {};
    if (operation === undefined) return;
    if (id === undefined) await this.#flow.takeCapability(operation, payload.length > 0);
    else await this.#flow.takeCommand(operation, id, payload);
  }

  async #takeAnswer(rest: string, payload: Buffer): Promise<void> {
    const [, status = '', id = ''] = /^(\d{3})\/\?\$rid=([^&]*)/.exec(rest) ?? [];
    if (!id.startsWith('operations-')) return;
    if (Number(status) >= 300) {
      const operation = reportedBy(id);
      this.#platform.log.warn('operations.twin-refused', { status: Number(status), ...(operation ? { operation } : {}) });
      if (operation && (await this.#flow.takeRefusal(operation, Number(status)))) this.#questions.ask();
    }
    const twin = this.#questions.take(id, Number(status), payload);
    if (twin) await this.#flow.takeTwin(twin);
  }

  /** Resolves when the broker has acknowledged all of it; rejects when it cannot any more. */
  async #send(packets: readonly OutboundPublish[]): Promise<void> {
    const away = () => new Problem('unavailable', 'The local broker is away.');
    if (!this.#current) throw away();
    const { queue, pending } = this.#current;
    const { promise, resolve, reject } = pending.begin();
    if (!queue.add(packets, resolve)) reject(away());
    return promise;
  }
}

/** With the operation in it: the answer may come to another process than the report came from. Its name may hold what a topic's query may not. */
function reportId(count: number, operation: string): string {
  return `operations-report-${count}-${Buffer.from(operation).toString('base64url')}`;
}

function reportedBy(id: string): string | undefined {
  const [, name] = /^operations-report-\d+-([\w-]+)$/.exec(id) ?? [];
  return name && Buffer.from(name, 'base64url').toString();
}
