import type { MqttClientSession } from '#wire/mqtt/client-session.ts';
import type { OutboundPublish } from '#wire/mqtt/packet.ts';

export type SendQueueLimits = { readonly messagesMax: number; readonly bytesMax: number };

type Job = {
  readonly packets: readonly OutboundPublish[];
  readonly bytes: number;
  unanswered: number;
  readonly onSafe: () => void;
};

/**
 * What waits for room in a session's window, in order. A job is a few messages that belong together; `onSafe` is called when the
 * broker has acknowledged all of them, at once for a job without any.
 */
export class SendQueue {
  readonly #limits: SendQueueLimits;
  readonly #onIdle: () => void;
  #session: Pick<MqttClientSession, 'publish'> | undefined;
  readonly #waiting: { readonly packet: OutboundPublish; readonly job: Job }[] = [];
  #jobs = 0;
  #bytes = 0;

  /** `onIdle` is called whenever nothing waits or is in flight any more. */
  constructor(limits: SendQueueLimits, onIdle: () => void) {
    this.#limits = limits;
    this.#onIdle = onIdle;
  }

  /** Begins to send. What was added before goes first. */
  open(session: Pick<MqttClientSession, 'publish'>): void {
    this.#session = session;
    this.#pump();
  }

  /** False when the queue is full: then nothing of it is kept. A lone job is always taken. */
  add(packets: readonly OutboundPublish[], onSafe: () => void = () => {}): boolean {
    if (packets.length === 0) {
      onSafe();
      return true;
    }
    const bytes = packets.reduce((sum, { topic, payload }) => sum + topic.length + payload.length, 0);
    const isFull = this.#jobs >= this.#limits.messagesMax || this.#bytes + bytes > this.#limits.bytesMax;
    if (isFull && this.#jobs > 0) return false;
    const job: Job = { packets, bytes, unanswered: packets.length, onSafe };
    this.#jobs++;
    this.#bytes += bytes;
    for (const packet of packets) this.#waiting.push({ packet, job });
    this.#pump();
    return true;
  }

  /** Sends until the window is full; every acknowledgement makes room. */
  #pump(): void {
    const session = this.#session;
    for (let next = this.#waiting[0]; session && next; next = this.#waiting[0]) {
      const { packet, job } = next;
      if (!session.publish(packet, () => this.#onAck(job))) return;
      this.#waiting.shift();
    }
  }

  #onAck(job: Job): void {
    if (--job.unanswered === 0) {
      this.#jobs--;
      this.#bytes -= job.bytes;
      job.onSafe();
    }
    this.#pump();
    if (this.#jobs === 0) this.#onIdle();
  }
}
