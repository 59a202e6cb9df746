import type { Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { printable } from '#base/printable.ts';
import type { OutboundPublish, Subscription } from '../mqtt/packet.ts';
import {
  type DpsResponseTopic,
  dpsResponseFilter,
  formatDpsPollTopic,
  formatDpsRegisterTopic,
  parseDpsResponseTopic,
} from './dps-topics.ts';

export type Assignment = { readonly hubHostName: string; readonly deviceId: string };

/** DPS answered, and the answer is no. */
export class RegistrationRefused extends Error {
  readonly status: number;
  readonly errorCode: number | undefined;

  constructor(status: number, errorCode: number | undefined, detail: string) {
    super(detail);
    this.name = 'RegistrationRefused';
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** DPS has too much to do, for longer than this registration may take. */
export class RegistrationBusy extends Error {
  readonly retryAfterSeconds: number;

  constructor(status: number, retryAfterSeconds: number) {
    super(`DPS answered ${status}: try again in ${retryAfterSeconds} s.`);
    this.name = 'RegistrationBusy';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** An accepted connection to DPS. */
export type DpsLine = {
  subscribe(filters: readonly Subscription[], onGranted: () => void): void;
  publish(packet: OutboundPublish): boolean;
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<string>;
};

const defaultWaitSeconds = 2;

type DpsAnswer = Pick<DpsResponseTopic, 'status' | 'retryAfterSeconds'> & { readonly body: JsonObject };

/** One registration over one connection: requests and answers one at a time, until it ends or `msMax` have passed (dps-device-protocol.md 5 to 7). */
export class DpsRegistration {
  readonly #clock: Clock;
  readonly #endsAt: number;
  readonly #over = Promise.withResolvers<never>();
  readonly #cancel: () => void;
  #line: DpsLine | undefined;
  #requestId = 0;
  #waiting: { requestId: string; resolve: (answer: DpsAnswer) => void } | undefined;

  constructor(clock: Clock, msMax: number) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + msMax;
    // After the last answer nobody listens to how the conversation ended.
    this.#over.promise.catch(() => {});
    this.#cancel = clock.after(msMax, () => this.#over.reject(new Error('DPS did not finish the registration in time.')));
  }

  /** Registers and polls until assigned. Throws RegistrationRefused, RegistrationBusy, or what ended the connection. */
  async run(
    line: DpsLine,
    request: { readonly registrationId: string; readonly payload?: Json | undefined },
  ): Promise<Assignment> {
    const { registrationId, payload } = request;
    // As the C library does, a poll carries the same body as the registration.
    const body = JSON.stringify({ registrationId, ...(payload === undefined ? {} : { payload }) });
    await this.#begin(line);
    let operationId: string | undefined;
    for (;;) {
      const answer = await this.#ask(
        (requestId) =>
          operationId === undefined ? formatDpsRegisterTopic(requestId) : formatDpsPollTopic(requestId, operationId),
        body,
      );
      const assignment = readAnswer(answer);
      if (assignment) return assignment;
      if (typeof answer.body.operationId === 'string') operationId = answer.body.operationId;
      await this.#wait(answer);
    }
  }

  /** What came from DPS, whatever it is. */
  receive(topic: string, payload: Buffer): void {
    const response = parseDpsResponseTopic(topic);
    if (!response || response.requestId !== this.#waiting?.requestId) return;
    this.#waiting.resolve({ ...response, body: parseBody(payload) });
    this.#waiting = undefined;
  }

  end(): void {
    this.#cancel();
  }

  async #begin(line: DpsLine): Promise<void> {
    this.#line = line;
    void line.closed.then((reason) => this.#over.reject(new Error(`The connection to DPS ended (${reason}).`)));
    await this.#orEnd(new Promise<void>((resolve) => line.subscribe([{ filter: dpsResponseFilter, qos: 1 }], resolve)));
  }

  async #ask(topicOf: (requestId: string) => string, payload: string): Promise<DpsAnswer> {
    const requestId = String(++this.#requestId);
    const answered = new Promise<DpsAnswer>((resolve) => {
      this.#waiting = { requestId, resolve };
    });
    this.#line?.publish({ topic: topicOf(requestId), payload, qos: 1 });
    return this.#orEnd(answered);
  }

  async #wait({ status, retryAfterSeconds }: DpsAnswer): Promise<void> {
    const seconds = retryAfterSeconds ?? defaultWaitSeconds;
    const isBusy = status === 429 || status >= 500;
    if (isBusy && this.#clock.monotonic() + seconds * secondMs >= this.#endsAt) throw new RegistrationBusy(status, seconds);
    await this.#orEnd(new Promise<void>((resolve) => this.#clock.after(seconds * secondMs, resolve)));
  }

  #orEnd<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#over.promise]);
  }
}

/** The assignment, undefined while there is none yet. Throws when there will be none. */
function readAnswer({ status, body }: DpsAnswer): Assignment | undefined {
  if (status === 429 || status >= 500) return undefined;
  if (status >= 300) throw refused(status, body.errorCode, body.message);
  if (body.status === 'assigning') return undefined;
  const state = isJsonObject(body.registrationState) ? body.registrationState : {};
  if (body.status !== 'assigned') throw refused(status, state.errorCode, state.errorMessage ?? body.status);
  if (typeof state.assignedHub !== 'string' || typeof state.deviceId !== 'string')
    throw refused(status, undefined, 'No hub was assigned.');
  return { hubHostName: state.assignedHub, deviceId: state.deviceId };
}

function refused(status: number, errorCode: Json | undefined, message: Json | undefined): RegistrationRefused {
  const detail = typeof message === 'string' ? printable(message, 300) : 'DPS gave no reason.';
  return new RegistrationRefused(status, typeof errorCode === 'number' ? errorCode : undefined, detail);
}

function parseBody(payload: Buffer): JsonObject {
  try {
    const body = parseJson(payload);
    return isJsonObject(body) ? body : {};
  } catch {
    return {};
  }
}
