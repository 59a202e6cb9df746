import type { Cancel } from '#base/clock.ts';
import { type Concern, healthOf } from '#base/health.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { Secret } from '#base/secret.ts';
import type { Outgoing } from '#outgoing/outgoing.ts';
import type { Database } from '#storage/database.ts';
import type { EventLog } from '../events/event-log.ts';
import { destinationSlots } from '../events/routing-stamp.ts';
import { traceRoutes } from '../messages/trace-onward.ts';
import { amqpClient } from './amqp-client.ts';
import { type DeadLetter, DeadLetterStore } from './dead-letter-store.ts';
import { Delivery, type DeliveryHealth } from './delivery.ts';
import { type Destination, type DestinationSettings, placeOfSlot } from './destination.ts';
import { FileCarrier, type FileDoor } from './file-carrier.ts';
import { checkFileNameFormat, defaultFileNameFormat } from './file-name-format.ts';
import { batchSeconds, chunkBytes, deadLettersMax, destinationsMax } from './limits.ts';
import { PushCarrier } from './push-carrier.ts';
import { checkRoutingName } from './route.ts';
import type { RoutedEvent } from './routed-event.ts';
import type { RoutingStore, StoredDestination } from './routing-store.ts';
import { webhookClient } from './webhook-client.ts';

/** What somebody asks for; what is left out is as the cloud has it. */
export type AskedDestination =
  | { readonly type: 'webhook'; readonly url: string }
  | { readonly type: 'amqp'; readonly url: string; readonly address: string }
  | {
      readonly type: 'files';
      readonly fileNameFormat?: string | undefined;
      readonly batchSeconds?: number | undefined;
      readonly chunkBytes?: number | undefined;
    };

/** What destinations need of the rest of the server. */
export type DestinationDoors = {
  readonly outgoing?: Pick<Outgoing, 'post' | 'checkUrl' | 'connect' | 'checkBroker'>;
  readonly files?: { readonly store: FileDoor; readonly container: string };
};

export type DestinationsOptions = {
  readonly platform: Platform;
  readonly database: Database;
  readonly store: RoutingStore;
  readonly hub: string;
  readonly hubName: string;
  readonly events: Pick<EventLog, 'start' | 'end' | 'read' | 'onBatchDurable'>;
  readonly doors: DestinationDoors;
};

export type DestinationState = {
  readonly name: string;
  readonly settings: DestinationSettings;
  readonly health: DeliveryHealth;
  readonly deadLetters: number;
};

type Present = { readonly destination: Destination; readonly delivery: Delivery; readonly push: PushCarrier | undefined };

const addressLengthMax = 512;
const fold = (name: string) => name.toLowerCase();

/** Where events of a hub go besides its own endpoint, each at its own pace, and what they would not take. */
export class Destinations {
  readonly #options: DestinationsOptions;
  readonly #deadLetters: DeadLetterStore;
  readonly #present = new Map<string, Present>();
  readonly #namesUnderWay = new Set<string>();
  #lastSlot = -1;
  #cancelWatch: Cancel | undefined;
  #isStarted = false;

  constructor(options: DestinationsOptions) {
    this.#options = options;
    this.#deadLetters = new DeadLetterStore(options.database, options.hub);
  }

  async load(): Promise<void> {
    for (const stored of await this.#options.store.listDestinations()) {
      this.#lastSlot = stored.slot;
      this.#add(stored);
    }
  }

  start(): void {
    this.#isStarted = true;
    this.#cancelWatch = healthOf(this.#options.platform).watch('destinations', () => this.#concerns());
    for (const { delivery } of this.#present.values()) delivery.start();
  }

  async stop(): Promise<void> {
    this.#cancelWatch?.();
    await Promise.all([...this.#present.values()].map(({ delivery }) => delivery.stop()));
  }

  #concerns(): Concern[] {
    return [...this.#present.values()].flatMap(({ destination: { name }, delivery: { health } }): Concern[] => {
      if (health.status !== 'unhealthy' && health.status !== 'dead') return [];
      const says = `The destination ${name} of the hub ${this.#options.hub} takes nothing: ${health.lastError ?? health.status}`;
      const fix = 'Mend it or its address, or make room among its dead letters; then what waits is delivered by itself.';
      return [{ part: 'destinations', state: 'degraded', says, fix }];
    });
  }

  find(name: string): Destination | undefined {
    return this.#present.get(fold(name))?.destination;
  }

  list(): Promise<DestinationState[]> {
    return Promise.all(
      [...this.#present.values()].map(async ({ destination: { name, settings }, delivery }) => ({
        name,
        settings,
        health: delivery.health,
        deadLetters: await this.#deadLetters.count(name),
      })),
    );
  }

  /** Gets what happens from now on. Throws Problem `argument-invalid`, `already-exists`, `quota-exceeded` or `not-supported`. */
  async create(name: string, asked: AskedDestination): Promise<Destination> {
    checkRoutingName(name, 'destination');
    const { settings, secret } = this.#parse(asked);
    if (this.find(name)) throw new Problem('already-exists', `There is a destination ${name} already.`);
    if (this.#present.size >= destinationsMax) {
      throw new Problem('quota-exceeded', `A hub has at most ${destinationsMax} destinations beside its own endpoint.`);
    }
    const stored = { name, slot: this.#freeSlot(), settings, secret, position: this.#options.events.end };
    await this.#options.store.insertDestination(stored, this.#options.platform.clock.now());
    this.#lastSlot = stored.slot;
    return this.#add(stored);
  }

  /** With its dead letters. Who asks sees to it that no route leads there any more. */
  async delete(name: string): Promise<void> {
    const { destination, delivery } = this.#require(name);
    this.#present.delete(fold(name));
    await delivery.stop();
    await this.#options.store.deleteDestination(destination.name);
  }

  /** Throws Problem `not-found`. */
  listDeadLetters(name: string, page: { after?: number; max: number }): Promise<DeadLetter[]> {
    return this.#deadLetters.list(this.#require(name).destination.name, page);
  }

  /** The event itself, with what was added to it on its way. Throws Problem `not-found`. */
  async requireDeadLetter(name: string, position: number): Promise<RoutedEvent> {
    const event = await this.#deadLetters.load(this.#require(name).destination.name, position);
    if (event) return event;
    throw new Problem('not-found', 'There is no such dead letter: it was taken, or discarded.');
  }

  /**
   * Sends what was put aside again, the oldest first; what is taken is forgotten, and what is refused again stays. Ends when nobody
   * answers. Throws Problem `not-found`.
   */
  async replay(name: string): Promise<{ replayed: number; remaining: number; reason?: string }> {
    const { destination, delivery, push } = this.#require(name);
    let replayed = 0;
    let reason: string | undefined;
    const letters = push ? await this.#deadLetters.list(destination.name, { max: deadLettersMax }) : [];
    for (const { position } of letters) {
      const event = await this.#deadLetters.load(destination.name, position);
      if (!event || !push) continue;
      const failure = await push.retry(event);
      if (!failure) {
        await this.#deadLetters.delete(destination.name, position);
        replayed += 1;
        continue;
      }
      ({ reason } = failure);
      if (failure.kind === 'unreachable') break;
      await this.#deadLetters.save(destination.name, event, reason, this.#options.platform.clock.now());
    }
    // It may have waited for room.
    if (replayed > 0) delivery.hurry();
    const remaining = await this.#deadLetters.count(destination.name);
    return { replayed, remaining, ...(reason !== undefined && { reason }) };
  }

  /** Forgets what was put aside; how much that was. Throws Problem `not-found`. */
  async discardDeadLetters(name: string): Promise<number> {
    const { destination, delivery } = this.#require(name);
    const count = await this.#deadLetters.deleteAll(destination.name);
    if (count > 0) delivery.hurry();
    return count;
  }

  #require(name: string): Present {
    const present = this.#present.get(fold(name));
    if (present) return present;
    throw new Problem('not-found', `There is no destination ${name.slice(0, 64)}.`);
  }

  /** Round and round: events that were meant for who had it before are behind us when somebody gets it again. */
  #freeSlot(): number {
    const taken = new Set([...this.#present.values()].map(({ destination }) => destination.slot));
    for (let step = 1; step <= destinationSlots; step++) {
      const slot = (this.#lastSlot + step) % destinationSlots;
      if (!taken.has(slot)) return slot;
    }
    throw new Error('There are more slots than destinations.');
  }

  #parse(asked: AskedDestination): { settings: DestinationSettings; secret: Secret | undefined } {
    const { outgoing, files } = this.#options.doors;
    if (asked.type === 'files') {
      if (!files) throw new Problem('not-supported', 'This hub has no files of its own.');
      const { fileNameFormat = defaultFileNameFormat } = asked;
      checkFileNameFormat(fileNameFormat);
      const settings = {
        type: 'files',
        fileNameFormat,
        batchSeconds: within('The seconds of a batch', asked.batchSeconds, batchSeconds),
        chunkBytes: within('The bytes of a file', asked.chunkBytes, chunkBytes),
      } as const;
      return { settings, secret: undefined };
    }
    if (!outgoing) throw new Problem('not-supported', 'This hub calls nobody.');
    const secret = new Secret(asked.url);
    if (asked.type === 'webhook') {
      return { settings: { type: 'webhook', origin: outgoing.checkUrl(asked.url).origin }, secret };
    }
    const { hostName, port, isTls } = outgoing.checkBroker(asked.url);
    if (asked.address === '' || asked.address.length > addressLengthMax) {
      throw new Problem('argument-invalid', `An address has 1 to ${addressLengthMax} characters.`);
    }
    const origin = `${isTls ? 'amqps' : 'amqp'}://${hostName}:${port}`;
    return { settings: { type: 'amqp', origin, address: asked.address }, secret };
  }

  #add({ position, ...destination }: StoredDestination): Destination {
    const { platform, events, store } = this.#options;
    const { name } = destination;
    const carrier = this.#carrierOf(destination);
    const delivery = new Delivery({
      platform,
      name,
      events,
      carrier,
      position,
      savePosition: (reached) => store.savePosition(name, reached),
    });
    this.#present.set(fold(name), { destination, delivery, push: carrier instanceof PushCarrier ? carrier : undefined });
    if (this.#isStarted) delivery.start();
    return destination;
  }

  #carrierOf({ name, slot, settings, secret }: Destination): PushCarrier | FileCarrier {
    const { platform, events, doors, hubName } = this.#options;
    const { outgoing, files } = doors;
    const read = { log: platform.log, events, place: placeOfSlot(slot) };
    if (settings.type === 'files' && files) {
      const { fileNameFormat, batchSeconds: seconds, chunkBytes: bytes } = settings;
      return new FileCarrier({
        platform,
        read,
        ...files,
        hubName,
        fileNameFormat,
        batchMs: seconds * 1000,
        chunkBytes: bytes,
        namesUnderWay: this.#namesUnderWay,
      });
    }
    const bury = (event: RoutedEvent, reason: string) => this.#bury(name, event, reason);
    const onDelivered = traceRoutes(platform.traces, name);
    if (settings.type === 'webhook' && outgoing && secret) {
      return new PushCarrier({ read, client: webhookClient(outgoing, secret), bury, onDelivered });
    }
    if (settings.type === 'amqp' && outgoing && secret) {
      const client = amqpClient(platform, outgoing, { url: secret, address: settings.address });
      return new PushCarrier({ read, client, bury, onDelivered });
    }
    const failure = { kind: 'unreachable', reason: 'This hub was started without what the destination needs.' } as const;
    return new PushCarrier({ read, client: { push: async () => ({ delivered: 0, failure }), close() {} }, bury });
  }

  /** Full, it makes the destination wait: what is not delivered is then still in the log. */
  async #bury(destination: string, event: RoutedEvent, reason: string): Promise<void> {
    if ((await this.#deadLetters.count(destination)) >= deadLettersMax) {
      throw new Problem(
        'quota-exceeded',
        `There are ${deadLettersMax} dead letters; delivery waits until they are replayed or discarded. The next: ${reason}`,
      );
    }
    const { log, clock } = this.#options.platform;
    await this.#deadLetters.save(destination, event, reason, clock.now());
    log.warn('route.dead-letter', { destination, deviceId: event.deviceId, position: event.position, error: reason });
  }
}

function within(what: string, asked: number | undefined, range: { min: number; max: number; default: number }): number {
  const value = asked ?? range.default;
  if (Number.isInteger(value) && value >= range.min && value <= range.max) return value;
  throw new Problem('argument-invalid', `${what} are ${range.min} to ${range.max}.`);
}
