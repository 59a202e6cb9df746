import type { Cancel } from '#base/clock.ts';
import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { operationsQueue, twinAnswerMsMax, twinPollMs } from './limits.ts';

export type Twin = { readonly desired: JsonObject; readonly reported: JsonObject };

/**
 * Asks the hub for the twin over the bridge: one question at a time, and once more for what changed since it was asked. A question that is
 * lost is asked again while the bridge is up.
 */
export class TwinQuestions {
  readonly #platform: Platform;
  readonly #send: (requestId: string) => void;
  #asked: { readonly id: string; readonly cancel: Cancel } | undefined;
  #isAskedAgain = false;
  #isBridgeUp = false;
  #questions = 0;
  #cancelPoll: Cancel = () => {};

  /** `send` puts the question, and may fail to: it is asked again. */
  constructor(platform: Platform, send: (requestId: string) => void) {
    this.#platform = platform;
    this.#send = send;
  }

  /** Asks now and then by itself. */
  start(): void {
    this.#cancelPoll = this.#platform.clock.after(twinPollMs, () => {
      this.start();
      this.ask();
    });
  }

  stop(): void {
    this.#cancelPoll();
    this.#asked?.cancel();
  }

  setBridge(isUp: boolean): void {
    this.#isBridgeUp = isUp;
    if (!isUp) return;
    // What was asked before is lost: the bridge keeps no questions.
    this.#forgetQuestion();
    this.ask();
  }

  ask(): void {
    if (this.#asked) {
      this.#isAskedAgain = true;
      return;
    }
    const id = `operations-${++this.#questions}`;
    const cancel = this.#platform.clock.after(twinAnswerMsMax, () => {
      this.#asked = undefined;
      if (this.#isAskedAgain || this.#isBridgeUp) this.ask();
    });
    this.#asked = { id, cancel };
    this.#isAskedAgain = false;
    this.#send(id);
  }

  /** The twin, if this is the answer that was waited for. Throws Problem `malformed` for what is no twin. */
  take(requestId: string, status: number, payload: Uint8Array): Twin | undefined {
    if (requestId !== this.#asked?.id) return undefined;
    this.#forgetQuestion();
    if (this.#isAskedAgain) this.ask();
    if (status !== 200) return undefined;
    const twin = parseJson(payload, { bytesMax: operationsQueue.bytesMax });
    const { desired, reported } = isJsonObject(twin) ? twin : {};
    if (!isJsonObject(desired) || !isJsonObject(reported)) throw new Problem('malformed', 'The answer of the hub is no twin.');
    return { desired, reported };
  }

  #forgetQuestion(): void {
    this.#asked?.cancel();
    this.#asked = undefined;
  }
}
