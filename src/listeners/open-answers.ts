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
  readonly #perSocket = new WeakMap<Socket, Set<OpenAnswer>>();
  #wheel: Cancel | undefined;

  constructor(clock: Clock, limits: { httpAnswerMsMax: number; httpPipelinedMax: number }) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get count(): number {
    return this.#open.size;
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
    const owed = this.#perSocket.get(socket) ?? this.#watch(socket);
    if (owed.size >= this.#limits.httpPipelinedMax) {
      socket.destroy();
      return false;
    }
    const answer: OpenAnswer = { response, socket, stuckSince: undefined };
    owed.add(answer);
    this.#open.add(answer);
    response.once('close', () => {
      owed.delete(answer);
      this.#open.delete(answer);
    });
    return true;
  }

  /** Before Node 26 an answer that waits behind another is not told that its socket has closed. */
  #watch(socket: Socket): Set<OpenAnswer> {
    const owed = new Set<OpenAnswer>();
    this.#perSocket.set(socket, owed);
    socket.once('close', () => {
      for (const answer of owed) this.#open.delete(answer);
    });
    return owed;
  }

  #check(answer: OpenAnswer, now: number): void {
    // One that waits behind another has no socket yet. An event stream counts while its peer leaves something unread.
    const isStuck = answer.response.socket !== null && answer.socket.writableLength > 0;
    if (!isStuck) answer.stuckSince = undefined;
    else if (answer.stuckSince === undefined) answer.stuckSince = now;
    else if (now - answer.stuckSince >= this.#limits.httpAnswerMsMax) answer.socket.destroy();
  }
}
