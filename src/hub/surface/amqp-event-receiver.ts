import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { describedMap, long, string, timestamp } from '#wire/amqp/encode.ts';
import type { AmqpLink } from '#wire/amqp/link.ts';
import type { LinkTransfers } from '#wire/amqp/link-transfers.ts';
import type { EventArrivals, WaitingReader } from '../events/event-arrivals.ts';
import { EventCursor } from '../events/event-record.ts';
import type { PartitionLog } from '../events/partition-log.ts';
import type { PartitionReader } from '../events/partition-reader.ts';
import type { EventMessages } from './amqp-event-message.ts';
import type { ServiceLink } from './service-links.ts';

export type EventReceiverOptions = {
  readonly clock: Clock;
  readonly log: Log;
  readonly link: AmqpLink;
  readonly reader: PartitionReader;
  readonly events: Pick<PartitionLog, 'last'>;
  readonly partition: number;
  readonly arrivals: EventArrivals;
  readonly messages: EventMessages;
  /** It wants to know with each event how far the partition goes. */
  readonly isTrackingEnd: boolean;
  /** Of each event that it is sent, where somebody follows messages. */
  readonly onRead?: ((event: EventCursor) => void) | undefined;
  /** It cannot go on. */
  readonly onFailure: () => void;
  readonly onEnd: () => void;
};

const nothing = Buffer.alloc(0);

/** One receiver of events: reads as far as its link has credit and its socket has room, and no further. */
export class EventReceiver implements ServiceLink, WaitingReader {
  readonly #options: EventReceiverOptions;
  readonly #transfers: LinkTransfers;
  readonly #cursor = new EventCursor();
  #isBusy = false;
  #isAskedAgain = false;
  #isOver = false;

  constructor(options: EventReceiverOptions) {
    this.#options = options;
    this.#transfers = options.link.openTransfers();
  }

  /** WaitingReader. */
  get mayGoOn(): boolean {
    return this.#options.reader.mayGoOn;
  }

  /** WaitingReader. */
  goOn(): void {
    this.writable();
  }

  writable(): void {
    this.#isAskedAgain = this.#isBusy;
    if (this.#isBusy || this.#isOver) return;
    this.#isBusy = true;
    this.#pump()
      .catch((error: unknown) => {
        this.#options.log.error('event-reader.failed', { partition: this.#options.partition, error: String(error) });
        this.#options.onFailure();
      })
      .finally(() => {
        this.#isBusy = false;
        if (this.#isAskedAgain) this.writable();
      });
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.arrivals.leave(this);
    this.#options.reader.release();
    this.#options.onEnd();
  }

  async #pump(): Promise<void> {
    const { reader, arrivals } = this.#options;
    arrivals.leave(this);
    while (!this.#isOver) {
      // No credit, or no room: whoever gives some calls again.
      if (!this.#transfers.begin()) break;
      if (reader.take(this.#cursor)) {
        this.#write();
        continue;
      }
      if (await reader.load(this.#cursor)) continue;
      if (this.#isOver) return;
      if (this.#transfers.isDraining) this.#transfers.drained();
      arrivals.wait(this);
      if (reader.isAtEnd) return;
      // In the meantime something came.
      arrivals.leave(this);
    }
    reader.release();
  }

  #write(): void {
    const { reader, messages, onRead } = this.#options;
    const delivery = this.#options.isTrackingEnd ? this.#describeEnd() : nothing;
    do {
      reader.next(this.#cursor);
      onRead?.(this.#cursor);
      this.#transfers.write(messages.prepare(this.#cursor, delivery));
    } while (reader.hasNext && this.#transfers.hasRoom);
    this.#transfers.send();
  }

  /** Delivery annotations (hub-service-protocol.md 9.3). */
  #describeEnd(): Buffer {
    const { events, partition, clock } = this.#options;
    const { sequence, position, enqueuedAt } = events.last(partition);
    return describedMap(0x71, [
      ['last_enqueued_sequence_number', long(sequence - 1)],
      ['last_enqueued_offset', string(position === 0 ? '-1' : String(position))],
      ['last_enqueued_time_utc', timestamp(enqueuedAt)],
      ['runtime_info_retrieval_time_utc', timestamp(clock.now())],
    ]);
  }
}
