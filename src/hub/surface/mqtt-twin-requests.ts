import { type JsonObject, parseJson, requireObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { formatTwinResponseTopic } from '#wire/azure/hub-topics.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { formatTwinForDevice } from '../twins/twin.ts';
import type { Twins } from '../twins/twins.ts';
import { formatDeviceError, hubErrorOf, statusOf } from './errors.ts';

/** Requests of one session that wait for the database; more are answered 429. */
const waitingMax = 100;

const emptyBody = Buffer.alloc(0);

type Answer = { status: number; version?: number; body: Buffer };

/**
 * What one device or module asks of its own twin over MQTT (hub-device-protocol.md 4.10). Every request is
 * answered, whatever happens: one without an answer hangs Node for good.
 */
export class MqttTwinRequests {
  readonly #platform: Platform;
  readonly #twins: Pick<Twins, 'load' | 'patchReported' | 'limits'>;
  readonly #quotas: Pick<Quotas, 'take'>;
  readonly #identity: string;
  readonly #trackingId: string;
  readonly #send: (topic: string, body: Buffer) => void;
  #waiting = 0;

  constructor(options: {
    platform: Platform;
    twins: Pick<Twins, 'load' | 'patchReported' | 'limits'>;
    quotas: Pick<Quotas, 'take'>;
    identity: string;
    trackingId: string;
    send: (topic: string, body: Buffer) => void;
  }) {
    this.#platform = options.platform;
    this.#twins = options.twins;
    this.#quotas = options.quotas;
    this.#identity = options.identity;
    this.#trackingId = options.trackingId;
    this.#send = options.send;
  }

  get(requestId: string): void {
    this.#answer(requestId, async () => {
      this.#quotas.take('twinReads', this.#identity);
      const twin = await this.#twins.load(this.#identity);
      return { status: 200, body: Buffer.from(JSON.stringify(formatTwinForDevice(twin))) };
    });
  }

  /** `done` is called when the change is stored or refused. The body is read before this returns: its memory is used again. */
  patchReported(request: { requestId: string; version?: number }, payload: Buffer, done: () => void): void {
    const patch = parsePatch(payload, this.#twins.limits.patchBytesMax);
    this.#answer(request.requestId, async () => {
      try {
        if (patch instanceof Problem) throw patch;
        this.#quotas.take('twinUpdates', this.#identity);
        const twin = await this.#twins.patchReported(this.#identity, patch, request.version);
        return { status: 204, version: twin.reportedVersion, body: emptyBody };
      } finally {
        done();
      }
    });
  }

  #answer(requestId: string, work: () => Promise<Answer>): void {
    const isFull = this.#waiting >= waitingMax;
    const throttle = async (): Promise<Answer> => {
      throw new Problem('throttled', `More than ${waitingMax} twin requests wait for an answer.`);
    };
    this.#waiting += 1;
    (isFull ? throttle() : work())
      .catch((error) => this.#explain(error))
      .then(({ status, version, body }) => {
        this.#waiting -= 1;
        this.#send(formatTwinResponseTopic(status, requestId, version), body);
      })
      .catch((error) => {
        const [identity, trackingId] = [this.#identity, this.#trackingId];
        this.#platform.log.error('twin.unanswered', { identity, trackingId, error: String(error) });
      });
  }

  #explain(error: unknown): Answer {
    const problem = asProblem(error);
    const [identity, trackingId] = [this.#identity, this.#trackingId];
    if (problem.code === 'internal')
      this.#platform.log.error('twin.failed', { identity, trackingId, error: String(problem.cause) });
    const body = formatDeviceError(problem, trackingId, this.#platform.clock.now());
    return { status: statusOf(hubErrorOf(problem)), body: Buffer.from(JSON.stringify(body)) };
  }
}

function parsePatch(payload: Buffer, bytesMax: number): JsonObject | Problem {
  try {
    return requireObject(parseJson(payload, { bytesMax }), 'A twin patch');
  } catch (error) {
    return asProblem(error);
  }
}
