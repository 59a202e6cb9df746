import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import type { AmqpArrival, AmqpSurface, Peer } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { refuse } from '#trust/verdict.ts';
import type { AmqpConnection } from '#wire/amqp/connection.ts';
import { int } from '#wire/amqp/encode.ts';
import type { AmqpDelivery, AmqpEndReason, AmqpError, AmqpHandler, AttachAnswer } from '#wire/amqp/handler.ts';
import type { AmqpLink, LinkRequest } from '#wire/amqp/link.ts';
import { type AmqpMessage, decodeMessage, encodeMessage } from '#wire/amqp/message.ts';
import type { PlainCredentials } from '#wire/amqp/sasl.ts';
import { parseRegistrationAddress, type RegistrationAddress } from '#wire/azure/dps-addresses.ts';
import type { AttestRegistration, RegistrationEvidence } from '../registration/attest-registration.ts';
import { parseBody } from './bodies.ts';
import type { DeviceAnswer, DeviceCalls } from './device-calls.ts';
import { renderDpsProblem } from './errors.ts';

export type ProvisioningAmqpOptions = {
  readonly platform: Platform;
  readonly calls: DeviceCalls;
  readonly attest: Pick<AttestRegistration, 'check'>;
  readonly refusals: Pick<RefusalLog, 'record'>;
};

/** Answers that wait for the peer to open the link they go on. */
const waitingMax = 16;

/** Provisioning on AMQP (dps-device-protocol.md 8): a token comes by SASL PLAIN, a certificate by TLS. */
export class ProvisioningAmqp implements AmqpSurface {
  readonly #options: ProvisioningAmqpOptions;

  constructor(options: ProvisioningAmqpOptions) {
    this.#options = options;
  }

  /** A refusal is kept where it is decided. */
  async authenticate({ userName, password }: PlainCredentials, peer: Peer): Promise<boolean> {
    const address = parseRegistrationAddress(userName);
    if (!address) return false;
    const verdict = await this.#options.attest.check(evidenceOf(address, peer, password));
    // What a disabled enrollment means, its device is told in words.
    return verdict.accepted || verdict.refusal.reason === 'enrollment-disabled';
  }

  open(arrival: AmqpArrival): AmqpHandler {
    return new RegisteringConnection(this.#options, arrival);
  }
}

function evidenceOf(address: RegistrationAddress, peer: Peer, token: string | undefined): RegistrationEvidence {
  const { certificates, remoteAddress } = peer;
  return { ...address, certificates, token, transport: 'amqp', remoteAddress };
}

/** One connection: a pair of links on the address of its device. Requests are answered one after the other. */
class RegisteringConnection implements AmqpHandler {
  readonly #options: ProvisioningAmqpOptions;
  readonly #connection: AmqpConnection;
  readonly #peer: Peer;
  readonly #plain: PlainCredentials | undefined;
  readonly #waiting: Buffer[] = [];
  #evidence: RegistrationEvidence | undefined;
  #requests: AmqpLink | undefined;
  #replies: AmqpLink | undefined;

  constructor(options: ProvisioningAmqpOptions, { connection, peer, plain }: AmqpArrival) {
    this.#options = options;
    this.#connection = connection;
    this.#peer = peer;
    this.#plain = plain;
  }

  attach({ address = '' }: LinkRequest): AttachAnswer {
    const asked = parseRegistrationAddress(address);
    if (!asked) return { refuse: this.#error('amqp:not-found', 'There is no such address.') };
    const own = this.#evidence ?? (this.#plain && parseRegistrationAddress(this.#plain.userName));
    const isOther = own !== undefined && nameOf(own) !== nameOf(asked);
    const hasNothing = this.#plain === undefined && this.#peer.certificates.length === 0;
    if (isOther || hasNothing) {
      const { remoteAddress: peer } = this.#peer;
      const refusal = hasNothing
        ? refuse('credentials-missing', 'The device sent neither a certificate nor a token.').refusal
        : refuse('client-id-mismatch', `The address is for ${asked.registrationId}, the connection for another.`).refusal;
      this.#options.refusals.record({ service: 'provisioning', subject: asked.registrationId, peer, ...refusal });
      return { refuse: this.#error('amqp:unauthorized-access', 'The device is not let in.') };
    }
    return {
      accept: (link) => {
        this.#evidence ??= evidenceOf(asked, this.#peer, this.#plain?.password);
        this.#connection.signedIn();
        if (link.isIncoming) {
          this.#requests?.close();
          this.#requests = link;
          return;
        }
        this.#replies?.close();
        this.#replies = link;
        for (const reply of this.#waiting.splice(0)) link.send(reply);
      },
    };
  }

  async message(delivery: AmqpDelivery): Promise<void> {
    const { platform } = this.#options;
    let message: AmqpMessage;
    try {
      message = decodeMessage(delivery.bytes);
    } catch {
      const problem = new Problem('malformed', 'The request is no message.');
      const { status, retryAfterSeconds, body } = renderDpsProblem(problem, this.#peer.trackingId, platform.clock.now());
      delivery.reject(errorOf({ status, retryAfterSeconds, body }));
      return;
    }
    const answer = await this.#answer(message);
    if (answer.status >= 300) {
      delivery.reject(errorOf(answer));
      return;
    }
    delivery.accept();
    // The request is accepted before it is answered; what was accepted leaves with the next turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const wait = answer.retryAfterSeconds;
    const reply = encodeMessage({
      properties: { correlationId: message.encodedCorrelationId },
      // Node, C and Java read the one, .NET the other.
      ...(wait !== undefined && { application: [['retry-after', int(wait)] as const, ['Retry-After', int(wait)] as const] }),
      data: Buffer.from(JSON.stringify(answer.body)),
    });
    if (this.#replies) this.#replies.send(reply);
    else if (this.#waiting.length < waitingMax) this.#waiting.push(reply);
  }

  async outcome(): Promise<undefined> {}

  writable(): void {}

  detached(link: AmqpLink): void {
    if (link === this.#requests) this.#requests = undefined;
    if (link === this.#replies) this.#replies = undefined;
  }

  ended(reason: AmqpEndReason, detail: string): void {
    if (reason !== 'protocol-violation' || !this.#evidence) return;
    const { registrationId: subject, remoteAddress: peer } = this.#evidence;
    const { refusal } = refuse('protocol-violation', detail);
    this.#options.refusals.record({ service: 'provisioning', subject, peer, ...refusal });
  }

  async #answer({ application, data, value }: AmqpMessage): Promise<DeviceAnswer> {
    const { calls, platform } = this.#options;
    const operation = application.get('iotdps-operation-type');
    const evidence = this.#evidence as RegistrationEvidence;
    if (operation === 'iotdps-register') {
      return calls.register(evidence, () => parseBody(typeof value === 'string' ? Buffer.from(value) : Buffer.concat(data)));
    }
    const operationId = application.get('iotdps-operation-id');
    if (operation === 'iotdps-get-operationstatus' && typeof operationId === 'string') return calls.poll(evidence, operationId);
    const problem = new Problem(
      'argument-invalid',
      'A request is iotdps-register, or iotdps-get-operationstatus with an operation id.',
    );
    return renderDpsProblem(problem, this.#peer.trackingId, platform.clock.now());
  }

  #error(condition: string, description: string): AmqpError {
    return { condition, description, info: { 'com.microsoft:tracking-id': this.#peer.trackingId } };
  }
}

/** Ids ignore case. */
function nameOf({ idScope, registrationId }: RegistrationAddress): string {
  return `${idScope}/${registrationId}`.toLowerCase();
}

/** The body of an error, which .NET reads out of the description, under a condition that Node knows (8.3). */
function errorOf({ status, retryAfterSeconds, body }: DeviceAnswer): AmqpError {
  const wait = retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds);
  return {
    condition: conditionOf(status),
    description: JSON.stringify(body),
    ...(wait !== undefined && { info: { 'retry-after': wait, 'Retry-After': wait } }),
  };
}

function conditionOf(status: number): string {
  if (status === 401 || status === 403) return 'amqp:unauthorized-access';
  if (status === 404) return 'amqp:not-found';
  if (status === 413) return 'amqp:link:message-size-exceeded';
  if (status === 429) return 'com.microsoft:device-container-throttled';
  return status >= 500 ? 'amqp:internal-error' : 'amqp:not-allowed';
}
