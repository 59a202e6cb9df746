import type { Json } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { asProblem } from '#base/problem.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import type { RegistrationCaller } from '#trust/caller.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import type { AttestRegistration, RegistrationEvidence } from '../registration/attest-registration.ts';
import type { RateLimits } from '../registration/rate-limits.ts';
import type { RegisterDevice, RegistrationProgress } from '../registration/register-device.ts';
import {
  formatAccepted,
  formatDisabled,
  formatProgress,
  formatRegistration,
  readRegisterBody,
  retryAfterSeconds,
} from './bodies.ts';
import { refusalOfProblem, renderDpsProblem, renderDpsRefusal } from './errors.ts';

/** An answer before it is put on a transport. */
export type DeviceAnswer = { readonly status: number; readonly retryAfterSeconds: number | undefined; readonly body: object };

/** The three calls a device can make, the same on MQTT, AMQP and HTTPS. They answer; they do not throw. */
export class DeviceCalls {
  readonly #platform: Platform;
  readonly #attest: AttestRegistration;
  readonly #registrations: RegisterDevice;
  readonly #refusals: Pick<RefusalLog, 'record'>;
  readonly #rates: RateLimits;

  constructor(
    platform: Platform,
    rooms: {
      attest: AttestRegistration;
      registrations: RegisterDevice;
      refusals: Pick<RefusalLog, 'record'>;
      rates: RateLimits;
    },
  ) {
    this.#platform = platform;
    this.#attest = rooms.attest;
    this.#registrations = rooms.registrations;
    this.#refusals = rooms.refusals;
    this.#rates = rooms.rates;
  }

  register(evidence: RegistrationEvidence, readBody: () => Json | undefined): Promise<DeviceAnswer> {
    return this.#answer(
      evidence,
      () => this.#newOperationId(),
      async (caller) => {
        this.#rates.countRegistration();
        const payload = readRegisterBody(readBody(), evidence.registrationId);
        return { status: 202, retryAfterSeconds, body: formatAccepted(await this.#registrations.register(caller, payload)) };
      },
    );
  }

  poll(evidence: RegistrationEvidence, operationId: string): Promise<DeviceAnswer> {
    return this.#answer(
      evidence,
      undefined,
      async (caller) => {
        this.#rates.countPoll(caller.registrationId);
        const progress = await this.#registrations.poll(caller, operationId);
        this.#keep(evidence, refusalOfAllocation(progress));
        const { status, body } = formatProgress(progress);
        return { status, retryAfterSeconds: status === 202 ? retryAfterSeconds : undefined, body };
      },
      operationId,
    );
  }

  lookUp(evidence: RegistrationEvidence, readBody: () => Json | undefined): Promise<DeviceAnswer> {
    return this.#answer(evidence, undefined, async (caller) => {
      readRegisterBody(readBody(), evidence.registrationId);
      return { status: 200, retryAfterSeconds: undefined, body: formatRegistration(await this.#registrations.lookUp(caller)) };
    });
  }

  /** A disabled enrollment is a result, not an error: the operation is accepted and then found disabled (6.4). */
  async #answer(
    evidence: RegistrationEvidence,
    beginDisabled: (() => string) | undefined,
    call: (caller: RegistrationCaller) => Promise<DeviceAnswer>,
    operationId = '',
  ): Promise<DeviceAnswer> {
    const trackingId = this.#platform.random.uuid();
    try {
      const verdict = await this.#attest.check(evidence);
      if (verdict.accepted) return await call(verdict.value);
      if (verdict.refusal.reason === 'enrollment-disabled') {
        return beginDisabled
          ? { status: 202, retryAfterSeconds, body: formatAccepted(beginDisabled()) }
          : { status: 200, retryAfterSeconds: undefined, body: formatDisabled(operationId, evidence.registrationId) };
      }
      return renderDpsRefusal(refusedKind(evidence), trackingId, this.#platform.clock.now());
    } catch (error) {
      const problem = asProblem(error);
      this.#keep(evidence, refusalOfProblem(problem));
      if (problem.code === 'internal') {
        this.#platform.log.error('registration.broke', {
          trackingId,
          registrationId: evidence.registrationId,
          error: String(problem.cause),
        });
      }
      return renderDpsProblem(problem, trackingId, this.#platform.clock.now());
    }
  }

  #keep({ registrationId, remoteAddress }: RegistrationEvidence, refusal: Refusal | undefined): void {
    if (refusal) this.#refusals.record({ service: 'provisioning', subject: registrationId, peer: remoteAddress, ...refusal });
  }

  #newOperationId(): string {
    return `4.${this.#platform.random.bytes(8).toString('hex')}.${this.#platform.random.uuid()}`;
  }
}

function refusedKind({ token, transport }: RegistrationEvidence) {
  return token === undefined ? 'certificate' : (`token over ${transport}` as const);
}

function refusalOfAllocation(progress: RegistrationProgress): Refusal | undefined {
  if (progress.status !== 'done' || progress.registration.result.status !== 'failed') return undefined;
  const { groupId, result } = progress.registration;
  return refuse(
    'allocation-refused',
    `${result.errorMessage} (${groupId === undefined ? 'individual enrollment' : `enrollment group ${groupId}`})`,
  ).refusal;
}
