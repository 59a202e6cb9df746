import type { MqttClientSession } from '#wire/mqtt/client-session.ts';
import { PacketIds } from '#wire/mqtt/packet-ids.ts';
import type { Outbox, OutboxEntry } from '../outbox/outbox.ts';

/** Messages under way to the hub; a hub acknowledges in order, so more would only be sent again after a break. */
const windowMax = 20;

type Session = Pick<MqttClientSession, 'publish' | 'isConnected'>;

/**
 * Sends what waits in the outbox over one connection after another, in order and under the same packet ids as before a
 * break. A message is gone from the outbox when the hub has acknowledged it.
 */
export class OutboxSender {
  readonly packetIds = new PacketIds();
  readonly #outbox: Outbox;
  readonly #remoteOf: (topic: string) => string | undefined;
  /** The identifiers of messages under way, by their sequence: they go out again under the same. */
  readonly #idsOf = new Map<number, number>();
  /** Sent on the present connection and not acknowledged. */
  readonly #sent = new Set<number>();
  #session: Session | undefined;
  /** No more goes out on this connection: another follows. */
  #onDrained: (() => void) | undefined;

  /** `remoteOf` has the hub's name of a local topic. */
  constructor(outbox: Outbox, remoteOf: (topic: string) => string | undefined) {
    this.#outbox = outbox;
    this.#remoteOf = remoteOf;
  }

  get isDraining(): boolean {
    return this.#onDrained !== undefined;
  }

  open(session: Session): void {
    this.#session = session;
    this.#onDrained = undefined;
    this.pump();
  }

  /** Sends nothing more; `onDrained` is called when all that is under way was acknowledged. */
  drain(onDrained: () => void): void {
    this.#onDrained = onDrained;
    if (this.#sent.size === 0) onDrained();
  }

  /** The connection has ended. Whether something was under way on it. */
  close(): boolean {
    this.#session = undefined;
    const wasSending = this.#sent.size > 0;
    this.#sent.clear();
    return wasSending;
  }

  pump(): void {
    if (!this.#session?.isConnected || this.isDraining) return;
    // After a break, what had been sent before comes first.
    for (const entry of this.#outbox.unsettled) {
      if (this.#sent.size >= this.#window()) return;
      if (!this.#sent.has(entry.sequence) && !this.#send(entry)) return;
    }
    while (this.#sent.size < this.#window()) {
      const entry = this.#outbox.take();
      if (!entry || !this.#send(entry)) return;
    }
  }

  /** It was put aside and goes out no more. */
  forget(sequence: number): void {
    this.packetIds.release(this.#idsOf.get(sequence) ?? 0);
    this.#idsOf.delete(sequence);
  }

  /** A message that the hub may have ended the connection over goes out alone. */
  #window(): number {
    return this.#outbox.isSuspicious ? 1 : windowMax;
  }

  #send(entry: OutboxEntry): boolean {
    const { sequence, message } = entry;
    const topic = this.#remoteOf(message.topic);
    if (topic === undefined) {
      // The prefix was another when it was kept.
      this.#outbox.settle(entry);
      return true;
    }
    const known = this.#idsOf.get(sequence);
    const packetId = known ?? this.packetIds.take();
    const { payload, retain } = message;
    const packet = { topic, payload, qos: 1 as const, retain, dup: known !== undefined };
    const isSent = this.#session?.publish(packet, () => this.#acknowledged(entry), packetId) ?? false;
    if (isSent) {
      this.#idsOf.set(sequence, packetId);
      this.#sent.add(sequence);
    } else if (known === undefined) this.packetIds.release(packetId);
    return isSent;
  }

  #acknowledged(entry: OutboxEntry): void {
    this.#idsOf.delete(entry.sequence);
    this.#sent.delete(entry.sequence);
    this.#outbox.settle(entry);
    if (this.#sent.size === 0) this.#onDrained?.();
    this.pump();
  }
}
