import { parseJson, requireObject } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem, Problem } from '#base/problem.ts';
import { int, long, string } from '#wire/amqp/encode.ts';
import { type AmqpMessage, encodeMessage } from '#wire/amqp/message.ts';
import type { Quotas } from '../quotas/quotas.ts';
import { formatTwinForDevice, withVersion } from '../twins/twin.ts';
import type { DesiredChange, Twins } from '../twins/twins.ts';
import { formatDeviceError, hubErrorOf, statusOf } from './errors.ts';

/** Requests of one session that wait for the database; more are answered 429. */
const waitingMax = 100;

const desiredResource = '/notifications/twin/properties/desired';
const reportedResource = '/properties/reported';
const emptyBody = Buffer.alloc(0);

type Answer = { readonly status: number; readonly version?: number; readonly body: Buffer };

export type AmqpTwinOptions = {
  readonly platform: Platform;
  readonly twins: Pick<Twins, 'load' | 'patchReported' | 'limits'>;
  readonly quotas: Pick<Quotas, 'take'>;
  readonly identity: string;
  readonly trackingId: string;
  /** Sends on the device's receiving link, if it has one. */
  send(message: Buffer): void;
};

/** What one device or module asks of its own twin over AMQP (hub-device-protocol.md 5.8). Every request is answered. */
export class AmqpTwinRequests {
  readonly #options: AmqpTwinOptions;
  #waiting = 0;
  #hearsDesired = false;

  constructor(options: AmqpTwinOptions) {
    this.#options = options;
  }

  /** The link is gone, and what was asked for on it with it. */
  reset(): void {
    this.#hearsDesired = false;
  }

  take(message: AmqpMessage): void {
    const { encodedCorrelationId: correlationId } = message;
    const isFull = this.#waiting >= waitingMax;
    const throttle = async (): Promise<Answer> => {
      throw new Problem('throttled', `More than ${waitingMax} twin requests wait for an answer.`);
    };
    this.#waiting += 1;
    (isFull ? throttle() : this.#answer(message))
      .catch((error) => this.#explain(error))
      .then(({ status, version, body }) => {
        this.#waiting -= 1;
        const annotations: [string, Buffer][] = [['status', int(status)]];
        if (version !== undefined) annotations.push(['version', long(version)]);
        this.#options.send(encodeMessage({ annotations, properties: { correlationId }, data: body }));
      })
      .catch((error) => {
        const { platform, identity, trackingId } = this.#options;
        platform.log.error('twin.unanswered', { identity, trackingId, error: String(error) });
      });
  }

  /** Tells the device of a change, if it listens. */
  push({ patch, version }: DesiredChange): void {
    if (!this.#hearsDesired) return;
    const data = Buffer.from(JSON.stringify(withVersion(patch, version)));
    const annotations: [string, Buffer][] = [
      ['resource', string(desiredResource)],
      ['version', long(version)],
    ];
    this.#options.send(encodeMessage({ annotations, data }));
  }

  async #answer({ annotations, data }: AmqpMessage): Promise<Answer> {
    const { twins, quotas, identity } = this.#options;
    const operation = annotations.get('operation');
    const resource = annotations.get('resource') ?? null;
    if (operation === 'GET' && resource === null) {
      quotas.take('twinReads', identity);
      return { status: 200, body: Buffer.from(JSON.stringify(formatTwinForDevice(await twins.load(identity)))) };
    }
    if (operation === 'PATCH' && resource === reportedResource) {
      const asked = annotations.get('version') ?? null;
      const version = asked === null ? undefined : Number(asked);
      const patch = requireObject(parseJson(Buffer.concat(data), { bytesMax: twins.limits.patchBytesMax }), 'A twin patch');
      quotas.take('twinUpdates', identity);
      const twin = await twins.patchReported(identity, patch, version);
      return { status: 200, version: twin.reportedVersion, body: emptyBody };
    }
    if ((operation === 'PUT' || operation === 'DELETE') && resource === desiredResource) {
      this.#hearsDesired = operation === 'PUT';
      return { status: 200, body: emptyBody };
    }
    throw new Problem(
      'argument-invalid',
      'A twin request is GET, PATCH of reported properties, or PUT and DELETE of the notifications.',
    );
  }

  #explain(error: unknown): Answer {
    const { platform, identity, trackingId } = this.#options;
    const problem = asProblem(error);
    if (problem.code === 'internal') platform.log.error('twin.failed', { identity, trackingId, error: String(problem.cause) });
    const body = formatDeviceError(problem, trackingId, platform.clock.now());
    return { status: statusOf(hubErrorOf(problem)), body: Buffer.from(JSON.stringify(body)) };
  }
}
