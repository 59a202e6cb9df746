import type { AmqpDelivery, AmqpError } from './handler.ts';
import type { RheaDelivery, RheaLink, RheaValues } from './library-shapes.ts';
import type { AmqpLimits } from './limits.ts';
import { LinkTransfers, type TransferDoor } from './link-transfers.ts';
import { SparseDeliveries } from './sparse-deliveries.ts';
import type { AmqpValue } from './value.ts';

/** What a peer asks for with attach. */
export type LinkRequest = {
  readonly name: string;
  /** The peer sends on it. */
  readonly isIncoming: boolean;
  /** Where the peer sends to, or receives from; undefined for none. */
  readonly address: string | undefined;
  readonly sourceAddress: string | undefined;
  readonly targetAddress: string | undefined;
  readonly initialDeliveryCount: number;
  /** `com.microsoft:channel-correlation-id`: the same on both links of a pair. */
  readonly correlationId: string | undefined;
  /** `com.microsoft:model-id`. */
  readonly modelId: string | undefined;
  readonly properties: ReadonlyMap<AmqpValue, AmqpValue>;
  readonly desiredCapabilities: readonly string[];
  /** Of the source. */
  readonly filters: readonly LinkFilter[];
};

/** A filter of a source that is a text, with the descriptor it was sent with. */
export type LinkFilter = { readonly name: string; readonly descriptor: number | string; readonly text: string };

export type LinkSurroundings = {
  readonly values: RheaValues;
  readonly limits: Pick<AmqpLimits, 'credit' | 'messageBytesMax' | 'unsentMax'>;
  readonly door: TransferDoor;
};

/** One link of a connection. What is sent waits here for credit, where it holds up no other link of its session. */
export class AmqpLink {
  readonly name: string;
  readonly address: string;
  /** The peer sends on it. */
  readonly isIncoming: boolean;
  /** Bytes of the delivery that is not whole yet; undefined when there is none. */
  incompleteBytes: number | undefined;
  /** What comes of the present delivery is thrown away. */
  isDropping = false;
  readonly #rhea: RheaLink;
  readonly #request: LinkRequest;
  readonly #values: RheaValues;
  readonly #limits: Pick<AmqpLimits, 'credit' | 'messageBytesMax' | 'unsentMax'>;
  readonly #waiting: { payload: Buffer; tag: Buffer | undefined }[] = [];
  readonly #door: TransferDoor;
  #transfers: LinkTransfers | undefined;
  #owedCredit = 0;
  /** Given to the library, beside what it has sent: its own count of credit lags behind. */
  #handed = 0;
  /** The answer to the peer's attach has left. */
  #isAnswered = false;
  #isClosed = false;

  constructor(link: RheaLink, request: LinkRequest, { values, limits, door }: LinkSurroundings) {
    this.#rhea = link;
    this.#door = door;
    this.#request = request;
    this.#values = values;
    this.#limits = limits;
    this.name = request.name;
    this.address = request.address ?? '';
    this.isIncoming = request.isIncoming;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Answers the peer's attach as it asked. */
  open(): void {
    const { attach } = this.#rhea.local;
    const { sourceAddress, targetAddress, initialDeliveryCount } = this.#request;
    this.#rhea.set_source({ address: sourceAddress });
    this.#rhea.set_target({ address: targetAddress });
    const { snd_settle_mode: sender, rcv_settle_mode: receiver } = this.#rhea;
    // Where the peer leaves it open, what leaves us is settled: nobody here waits for an answer to it.
    attach.snd_settle_mode = sender ?? 2;
    if (receiver !== undefined && receiver !== null) attach.rcv_settle_mode = receiver;
    // The library writes what is sent in one turn before the links that are opened in it, and the peer may have given
    // credit along with its attach.
    setImmediate(() => {
      this.#isAnswered = true;
      this.sendWaiting();
    });
    if (!this.isIncoming) return;
    attach.max_message_size = this.#limits.messageBytesMax;
    this.#rhea.delivery_count = initialDeliveryCount;
    this.#rhea.add_credit(this.#limits.credit);
  }

  /** To be said while a link is accepted: which filters of its source are kept to, and what is offered beside. */
  promise({ filters, capabilities }: { filters: readonly LinkFilter[]; capabilities: readonly string[] }): void {
    if (filters.length > 0) {
      this.#rhea.set_source({ address: this.#request.sourceAddress, filter: this.#values.filters(filters) });
    }
    if (capabilities.length > 0) this.#rhea.local.attach.offered_capabilities = capabilities;
  }

  /** For who sends messages in numbers on it; from then on `send` is not for it. */
  openTransfers(): LinkTransfers {
    const { outgoing } = this.#rhea.session;
    if (!(outgoing.deliveries instanceof SparseDeliveries)) {
      const sparse = new SparseDeliveries();
      outgoing.deliveries.pop_if((delivery) => {
        sparse.push(delivery);
        return true;
      });
      outgoing.deliveries = sparse;
    }
    this.#transfers ??= new LinkTransfers(this.#rhea, this.#door);
    return this.#transfers;
  }

  /** Those that `openTransfers` made, if it did. */
  get transfers(): LinkTransfers | undefined {
    return this.#transfers;
  }

  /** Answers with neither source nor target, and detaches: how AMQP refuses a link. */
  refuse(error: AmqpError): void {
    this.close(error);
  }

  close(error?: AmqpError): void {
    if (this.#isClosed) return;
    this.gone();
    if (error) this.#rhea.local.detach.value[2] = this.#values.error(error);
    this.#rhea.close();
  }

  /** The peer has left, or the connection is over. */
  gone(): void {
    this.#isClosed = true;
    this.#waiting.length = 0;
  }

  /** Sends one encoded message; false when the peer takes none and enough wait already. */
  send(payload: Buffer, tag?: Buffer): boolean {
    if (this.#isClosed || this.#waiting.length >= this.#limits.unsentMax) return false;
    this.#waiting.push({ payload, tag });
    this.sendWaiting();
    return true;
  }

  /** What is sent is settled with that: the peer asked for it. */
  get isPresettled(): boolean {
    return this.#rhea.local.attach.snd_settle_mode === 1;
  }

  /** How many messages the peer would take at once. */
  get credit(): number {
    if (this.#handed < this.#rhea.delivery_count) this.#handed = this.#rhea.delivery_count;
    const underWay = this.#handed - this.#rhea.delivery_count;
    return Math.min(this.#rhea.credit - underWay, this.#rhea.session.outgoing.available()) - this.#waiting.length;
  }

  sendWaiting(): void {
    while (this.#isAnswered && this.#waiting.length > 0 && this.credit + this.#waiting.length > 0) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#handed += 1;
      this.#rhea.send(next.payload, next.tag, 0);
    }
  }

  /** A whole message; undefined for one that was cut off, or came after the link was closed. */
  arrived(delivery: RheaDelivery, bytes: Buffer): AmqpDelivery | undefined {
    if (this.#isClosed || this.isDropping) {
      delivery.update(true);
      this.#settled();
      return undefined;
    }
    const settle = (state: unknown) => {
      delivery.update(true, state);
      this.#settled();
    };
    return {
      link: this,
      format: delivery.format ?? 0,
      bytes,
      accept: () => settle(this.#values.accepted()),
      reject: (error) => settle(this.#values.rejected(error)),
    };
  }

  /** Credit grows as messages are answered, so that no more of them are ever unanswered. */
  #settled(): void {
    this.#owedCredit += 1;
    if (this.#isClosed || this.#owedCredit * 4 < this.#limits.credit) return;
    this.#rhea.add_credit(this.#owedCredit);
    this.#owedCredit = 0;
  }
}
