import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Cancel, Clock } from '#base/clock.ts';

/** An answer that has not gone out whole; `stuckSince` when its peer was first seen not to take it. */
type OpenAnswer = { readonly response: ServerResponse; readonly socket: Socket; stuckSince: number | undefined };

/** An answer that nobody reads is noticed at most this much late. */
const wheelMs = 2_000;

/**
 * The answers that a port owes. A peer that does not read what it asked for would keep its socket, and what lies
 * in it, for good; and one that sends requests ahead without end would make us hold them all.
 */
export class OpenAnswers {
  readonly #clock: Clock;
  readonly #limits: { httpAnswerMsMax: number; httpPipelinedMax: number };
  readonly #open = new Set<OpenAnswer>();
  readonly #perSocket = new WeakMap<Socket, number>();
  #wheel: Cancel | undefined;

  constructor(clock: Clock, limits: { httpAnswerMsMax: number; httpPipelinedMax: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  start(): void {
    this.#wheel = this.#clock.after(wheelMs, () => {
      const now = this.#clock.monotonic();
      for (const answer of this.#open) this.#check(answer, now);
      this.start();
    });
  }

  stop(): void {
    this.#wheel?.();
  }

  /** False, and the connection is gone, when it waits for more answers than it may. */
  admit(response: ServerResponse, socket: Socket): boolean {
    const count = (this.#perSocket.get(socket) ?? 0) + 1;
    if (count > this.#limits.httpPipelinedMax) {
      socket.destroy();
      return false;
    }
    this.#perSocket.set(socket, count);
    const answer: OpenAnswer = { response, socket, stuckSince: undefined };
    this.#open.add(answer);
    response.once('close', () => {
      this.#open.delete(answer);
      this.#perSocket.set(socket, (this.#perSocket.get(socket) ?? 1) - 1);
    });
    return true;
  }

  #check(answer: OpenAnswer, now: number): void {
    // One that waits behind another has no socket yet. An event stream counts while its peer leaves something unread.
    const isStuck = answer.response.socket !== null && answer.socket.writableLength > 0;
    if (!isStuck) answer.stuckSince = undefined;
    else if (answer.stuckSince === undefined) answer.stuckSince = now;
    else if (now - answer.stuckSince >= this.#limits.httpAnswerMsMax) answer.socket.destroy();
  }
}
