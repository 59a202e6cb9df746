import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { startClient } from './connection.ts';
import { FrameReader } from './frame-reader.ts';
import { AmqpViolation } from './value.ts';

export type AmqpSenderOptions = {
  /** Already connected. */
  readonly stream: Duplex;
  /** What the peer calls itself. */
  readonly hostName: string;
  /** Where messages go, in the peer's words. */
  readonly address: string;
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  readonly containerId: string;
};

/** What the peer said of a message: it has it, it will never take it, or it may take it another time. `lost`: nothing, and then the line broke. */
export type SendOutcome = { readonly kind: 'accepted' | 'rejected' | 'released' | 'lost'; readonly detail: string };

/** What the peer may have on its way to us: it sends no messages. */
const frameBytesMax = 64 * 1024;
const idleMs = 60_000;

/** One connection to a broker, with one link to one address of it. */
export class AmqpSender {
  readonly #stream: Duplex;
  readonly #reader = new FrameReader(frameBytesMax);
  readonly #socket = new EventEmitter();
  readonly #open = new Map<unknown, (outcome: SendOutcome) => void>();
  readonly #opened = Promise.withResolvers<void>();
  readonly #connection: ReturnType<typeof startClient>['connection'];
  readonly #link: ReturnType<typeof startClient>['link'];
  #waitingForCredit: (() => void) | undefined;
  #awaitsHeader = true;
  #failure: Error | undefined;

  constructor({ stream, hostName, address, user, containerId }: AmqpSenderOptions) {
    this.#stream = stream;
    this.#opened.promise.catch(() => {});
    Object.assign(this.#socket, {
      write: (bytes: Buffer) => stream.write(bytes),
      end: () => stream.end(),
      destroy: () => stream.destroy(),
    });
    const options = { socket: this.#socket, hostName, containerId, address, user, idleMs, frameBytesMax };
    const { connection, link } = startClient(options);
    this.#connection = connection;
    this.#link = link;
    this.#listenToLibrary();
    this.#listenToStream();
  }

  get isEnded(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when the peer takes messages. Rejects with what it says instead. */
  opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** The largest message that the peer takes; undefined where it sets no limit. At a larger one it ends the link. */
  get messageBytesMax(): number | undefined {
    const max = this.#link.max_message_size;
    return typeof max === 'number' && max > 0 ? max : undefined;
  }

  /** Sends messages in their order and resolves with what became of each. */
  async send(messages: readonly Buffer[]): Promise<SendOutcome[]> {
    const outcomes: Promise<SendOutcome>[] = [];
    for (const message of messages) {
      const failure = await this.#credit();
      if (failure) {
        outcomes.push(Promise.resolve({ kind: 'lost', detail: failure.message }));
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<SendOutcome>();
      this.#open.set(this.#link.send(message, undefined, 0), resolve);
      outcomes.push(promise);
    }
    return Promise.all(outcomes);
  }

  /** Ends the connection; what is open is lost, for this reason. */
  close(why = 'The connection was closed.'): void {
    this.#fail(new Error(why));
  }

  /** Resolves when the peer takes another message, or with why it will take none. */
  async #credit(): Promise<Error | undefined> {
    while (!this.#failure && !this.#link.sendable()) {
      await new Promise<void>((resolve) => {
        this.#waitingForCredit = resolve;
      });
    }
    return this.#failure;
  }

  #listenToLibrary(): void {
    const connection = this.#connection;
    const goOn = () => {
      const wake = this.#waitingForCredit;
      this.#waitingForCredit = undefined;
      wake?.();
    };
    connection.on('sender_open', () => this.#opened.resolve());
    connection.on('sendable', goOn);
    for (const [event, kind] of [
      ['accepted', 'accepted'],
      ['rejected', 'rejected'],
      ['released', 'released'],
      ['modified', 'released'],
    ] as const) {
      connection.on(event, ({ delivery }: { delivery?: { remote_state?: { error?: unknown } } }) => {
        const open = this.#open.get(delivery);
        this.#open.delete(delivery);
        open?.({ kind, detail: describe(delivery?.remote_state?.error) || kind });
      });
    }
    const failed = (what: string) => (context: Record<string, { error?: unknown } | undefined>) => {
      const error = context.error ?? context.sender?.error ?? context.session?.error ?? context.connection?.error;
      this.#fail(new Error(describe(error) || what));
    };
    connection.on('sender_close', failed('The broker closed the link.'));
    connection.on('session_close', failed('The broker closed the session.'));
    connection.on('connection_close', failed('The broker closed the connection.'));
    connection.on('connection_error', failed('The broker closed the connection.'));
    connection.on('disconnected', failed('The connection broke.'));
    connection.on('error', failed('The connection failed.'));
  }

  /** The library trusts its peer with the size of frames. */
  #listenToStream(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => {
      if (this.#failure) return;
      this.#reader.push(chunk);
      try {
        while (this.#step());
      } catch (error) {
        this.#fail(error instanceof AmqpViolation ? new Error(error.message) : new Error('The broker does not speak AMQP 1.0.'));
      }
    });
    const lost = () => this.#fail(new Error('The connection broke.'));
    stream.on('end', lost);
    stream.on('error', lost);
    stream.on('close', lost);
  }

  #step(): boolean {
    if (this.#failure) return false;
    if (this.#awaitsHeader) {
      const header = this.#reader.takeHeader();
      if (!header) return false;
      this.#awaitsHeader = false;
      if (header.toString('latin1', 0, 4) !== 'AMQP') throw new AmqpViolation('amqp:not-allowed', 'That is not AMQP.');
      this.#socket.emit('data', header);
      return true;
    }
    const frame = this.#reader.next();
    if (!frame) return false;
    // Behind the outcome of SASL the protocol begins anew.
    if (frame.isSasl && frame.code === 0x44) this.#awaitsHeader = true;
    this.#socket.emit('data', frame.bytes);
    return true;
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#opened.reject(error);
    for (const open of this.#open.values()) open({ kind: 'lost', detail: error.message });
    this.#open.clear();
    this.#waitingForCredit?.();
    try {
      this.#connection.close();
    } catch {
      // It is over in any case.
    }
    // Nothing waits for the other side's goodbye.
    this.#stream.end(() => this.#stream.destroy());
    queueMicrotask(() => this.#socket.emit('end'));
  }
}

function describe(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { condition, description, message } = error as { condition?: unknown; description?: unknown; message?: unknown };
  return [condition, description ?? message]
    .filter((part) => typeof part === 'string')
    .join(': ')
    .slice(0, 200);
}
