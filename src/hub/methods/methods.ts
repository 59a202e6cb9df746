import type { Cancel } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { type Json, parseJson } from '#base/json.ts';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { describeIdentity, type Identity, parseIdentityName } from '../identity.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { methodMeterBytes } from '../quotas/rates.ts';
import type { Modules } from '../registry/modules.ts';
import type { Registry } from '../registry/registry.ts';
import { type MethodLimits, methodLimits } from './limits.ts';

export type MethodRequest = {
  readonly methodName: string;
  /** Left out, the device gets `null`. */
  readonly payload?: Json;
  /** How long to wait for the device to come, 0 to 300; default 0. */
  readonly connectTimeoutSeconds?: number;
  /** How long the device may take to answer, 5 to 300; default 30. */
  readonly responseTimeoutSeconds?: number;
};

/** What the device answered. The status is its own and means nothing to the hub. */
export type MethodResult = { readonly status: number; readonly payload: Json };

type MethodRegistry = Pick<Registry, 'require'> & { readonly modules: Pick<Modules, 'require'> };

/** A session whose device listens for methods. */
export type MethodChannel = {
  /** False when it could not be sent. */
  send(methodName: string, requestId: string, body: Buffer): boolean;
};

type Call = { answer(status: number, body: Buffer): void; fail(problem: Problem): void };

type Callee = {
  channel: MethodChannel | undefined;
  readonly calls: Map<string, Call>;
  /** Callers that wait for the device to listen. */
  readonly waiting: Set<() => void>;
};

/**
 * Calls a method on a device or a module, by its name (identity.ts), and waits for its answer. Nothing is
 * queued beyond the time the caller allows.
 */
export class Methods {
  readonly #platform: Platform;
  readonly #registry: MethodRegistry;
  readonly #quotas: Pick<Quotas, 'take'> | undefined;
  readonly #limits: MethodLimits;
  readonly #callees = new Map<string, Callee>();

  constructor(
    platform: Platform,
    registry: MethodRegistry,
    { quotas, limits = methodLimits }: { quotas?: Pick<Quotas, 'take'>; limits?: MethodLimits } = {},
  ) {
    this.#platform = platform;
    this.#registry = registry;
    this.#quotas = quotas;
    this.#limits = limits;
  }

  /**
   * Throws Problem `argument-invalid`, `payload-too-large`, `device-not-found`, for a module `not-found`, `device-disabled`,
   * `throttled`, `device-not-online` (with reason `connection-closed` when it left in the middle),
   * `device-timeout` or `device-reply-invalid`.
   */
  async invoke(identity: string, request: MethodRequest): Promise<MethodResult> {
    const metrics = metricsOf(this.#platform);
    const startedAt = this.#platform.clock.monotonic();
    try {
      const result = await this.#invoke(identity, request);
      metrics.counter('homeport_methods_total', { result: 'answered' }).value++;
      metrics.histogram('homeport_method_seconds').observe((this.#platform.clock.monotonic() - startedAt) / 1000);
      return result;
    } catch (error) {
      metrics.counter('homeport_methods_total', { result: asProblem(error).code }).value++;
      throw error;
    }
  }

  /** Calls that wait for a device to come or to answer. */
  get waitingCount(): number {
    let count = 0;
    for (const { calls, waiting } of this.#callees.values()) count += calls.size + waiting.size;
    return count;
  }

  async #invoke(identity: string, request: MethodRequest): Promise<MethodResult> {
    const { methodName, connectMs, responseMs, body } = checkRequest(request, this.#limits);
    await this.#requireEnabled(parseIdentityName(identity));
    this.#quotas?.take('methods', identity, Math.ceil(Math.max(1, body.length) / methodMeterBytes));
    const callee = this.#callee(identity);
    try {
      if (callee.calls.size + callee.waiting.size >= this.#limits.inflightMax) {
        throw new Problem('throttled', `The ${describe(identity)} has ${this.#limits.inflightMax} calls in progress.`, {
          reason: 'too-many-calls',
        });
      }
      const channel = callee.channel ?? (await this.#arrival(identity, callee, connectMs));
      return await this.#call(identity, callee, channel, { methodName, responseMs, body });
    } finally {
      this.#tidy(identity, callee);
    }
  }

  /** The device listens on `channel` from now on, in place of any earlier one. */
  attach(identity: string, channel: MethodChannel): Cancel {
    const callee = this.#callee(identity);
    if (callee.channel) this.#detach(identity, callee);
    callee.channel = channel;
    this.#callees.set(identity, callee);
    for (const arrived of [...callee.waiting]) arrived();
    return () => {
      if (callee.channel === channel) this.#detach(identity, callee);
    };
  }

  /** The device's answer. One that nobody waits for, too late or to an unknown request, is dropped. */
  answer(identity: string, requestId: string, status: number, body: Buffer): void {
    this.#callees.get(identity)?.calls.get(requestId)?.answer(status, body);
  }

  async #requireEnabled({ deviceId, moduleId }: Identity): Promise<void> {
    const device = await this.#registry.require(deviceId);
    if (moduleId !== undefined) await this.#registry.modules.require(deviceId, moduleId);
    if (!device.isEnabled) throw new Problem('device-disabled', `The device ${deviceId} is disabled.`);
  }

  #callee(identity: string): Callee {
    const known = this.#callees.get(identity);
    if (known) return known;
    const callee: Callee = { channel: undefined, calls: new Map(), waiting: new Set() };
    this.#callees.set(identity, callee);
    return callee;
  }

  #tidy(identity: string, callee: Callee): void {
    if (callee.channel || callee.calls.size > 0 || callee.waiting.size > 0) return;
    if (this.#callees.get(identity) === callee) this.#callees.delete(identity);
  }

  #detach(identity: string, callee: Callee): void {
    callee.channel = undefined;
    for (const call of [...callee.calls.values()]) {
      const detail = `The ${describe(identity)} disconnected before it answered.`;
      call.fail(new Problem('device-not-online', detail, { reason: 'connection-closed' }));
    }
    this.#tidy(identity, callee);
  }

  #arrival(identity: string, callee: Callee, connectMs: number): Promise<MethodChannel> {
    return new Promise((resolve, reject) => {
      if (connectMs === 0) {
        return reject(
          new Problem('device-not-online', `The ${describe(identity)} is not connected, or does not listen for methods.`),
        );
      }
      const end = (): void => {
        cancel();
        callee.waiting.delete(arrived);
      };
      const arrived = (): void => {
        if (!callee.channel) return;
        end();
        resolve(callee.channel);
      };
      const cancel = this.#platform.clock.after(connectMs - this.#limits.answerEarlyMs, () => {
        end();
        reject(new Problem('device-not-online', `Timed out waiting for the ${describe(identity)} to connect.`));
      });
      callee.waiting.add(arrived);
    });
  }

  #call(
    identity: string,
    callee: Callee,
    channel: MethodChannel,
    { methodName, responseMs, body }: { methodName: string; responseMs: number; body: Buffer },
  ): Promise<MethodResult> {
    return new Promise((resolve, reject) => {
      const { payloadBytesMax } = this.#limits;
      const requestId = this.#platform.random.bytes(16).toString('hex');
      const end = (): void => {
        cancel();
        callee.calls.delete(requestId);
      };
      const cancel = this.#platform.clock.after(responseMs - this.#limits.answerEarlyMs, () => {
        end();
        reject(new Problem('device-timeout', `The ${describe(identity)} did not answer in time.`));
      });
      callee.calls.set(requestId, {
        answer(status, reply) {
          end();
          try {
            resolve({ status, payload: parseReply(reply, payloadBytesMax) });
          } catch (cause) {
            reject(new Problem('device-reply-invalid', `The answer of the ${describe(identity)} is no valid JSON.`, { cause }));
          }
        },
        fail(problem) {
          end();
          reject(problem);
        },
      });
      if (channel.send(methodName, requestId, body)) return;
      end();
      reject(new Problem('device-not-online', `The ${describe(identity)} does not read what it is sent.`));
    });
  }
}

function describe(identity: string): string {
  return describeIdentity(parseIdentityName(identity));
}

function checkRequest(
  request: MethodRequest,
  limits: MethodLimits,
): { methodName: string; connectMs: number; responseMs: number; body: Buffer } {
  const { methodName, payload = null, connectTimeoutSeconds = 0, responseTimeoutSeconds = 30 } = request;
  // One topic level that no filter and no parameter can be mistaken for.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  if (!/^[^/#+?\u0000-\u001f\u007f]+$/.test(methodName) || methodName.length > limits.nameCharactersMax) {
    throw new Problem('argument-invalid', `A method name has 1 to ${limits.nameCharactersMax} characters, none of / # + ?.`);
  }
  const { responseSecondsMin, responseSecondsMax, connectSecondsMax } = limits;
  checkSeconds('response', responseTimeoutSeconds, responseSecondsMin, responseSecondsMax);
  checkSeconds('connect', connectTimeoutSeconds, 0, connectSecondsMax);
  const body = Buffer.from(JSON.stringify(payload));
  if (body.length > limits.payloadBytesMax) {
    throw new Problem('payload-too-large', `A method payload has at most ${limits.payloadBytesMax} bytes.`);
  }
  return { methodName, connectMs: connectTimeoutSeconds * secondMs, responseMs: responseTimeoutSeconds * secondMs, body };
}

function checkSeconds(what: string, seconds: number, min: number, max: number): void {
  if (Number.isInteger(seconds) && seconds >= min && seconds <= max) return;
  throw new Problem('argument-invalid', `The ${what} time-out is a whole number of seconds from ${min} to ${max}.`);
}

/** Python answers `null` for no payload, C and .NET send nothing. */
function parseReply(body: Buffer, bytesMax: number): Json {
  return body.length === 0 ? null : parseJson(body, { bytesMax });
}
