import type { Platform } from '#base/platform.ts';
import type { MqttConnection, MqttSurface } from '#listeners/surface.ts';
import type { RefusalLog } from '#storage/refusal-log.ts';
import { type Refusal, refuse } from '#trust/verdict.ts';
import { violationOf } from '#trust/violation.ts';
import { dpsResponseFilter, formatDpsResponseTopic, parseDpsRequestTopic } from '#wire/azure/dps-topics.ts';
import { parseMqttUserName } from '#wire/azure/user-name.ts';
import type { ConnectPacket, InboundPublish, Subscription } from '#wire/mqtt/packet.ts';
import { subscriptionRefused } from '#wire/mqtt/packet.ts';
import type { CloseReason, MqttServerSession, SessionHandler } from '#wire/mqtt/server-session.ts';
import type { RegistrationEvidence } from '../registration/attest-registration.ts';
import { parseBody, registerBytesMax, requestPacketBytesMax } from './bodies.ts';
import type { DeviceAnswer, DeviceCalls } from './device-calls.ts';

export type ProvisioningMqttOptions = {
  readonly platform: Platform;
  readonly calls: DeviceCalls;
  readonly refusals: Pick<RefusalLog, 'record'>;
};

/** Requests of one connection that wait for their turn; SDKs have one. */
const waitingMax = 16;

/**
 * Provisioning on MQTT. CONNECT checks no credential against an enrollment: SDKs show their users the
 * JSON of a refused register call, and nothing of a refused CONNECT (dps-device-protocol.md 5.1).
 */
export class ProvisioningMqtt implements MqttSurface {
  readonly #options: ProvisioningMqttOptions;

  constructor(options: ProvisioningMqttOptions) {
    this.#options = options;
  }

  open({ session, peer }: MqttConnection, connect: ConnectPacket): SessionHandler {
    const name = connect.userName === undefined ? undefined : parseMqttUserName(connect.userName);
    const evidence: RegistrationEvidence = {
      idScope: name?.kind === 'provisioning' ? name.idScope : '',
      registrationId: name?.kind === 'provisioning' ? name.registrationId : '',
      certificates: peer.certificates,
      token: connect.password?.toString() || undefined,
      transport: 'mqtt',
      remoteAddress: peer.remoteAddress,
    };
    const handler = new RegisteringDevice(session, evidence, this.#options);
    const refused = refusalOf(connect, evidence);
    // The handler must be in place before the session goes on, so the answer comes a moment later.
    queueMicrotask(() => {
      if (refused === undefined) session.accept(false, { packetBytesMax: requestPacketBytesMax });
      else {
        const subject = evidence.registrationId || (connect.userName ?? '');
        this.#options.refusals.record({ service: 'provisioning', subject, peer: peer.remoteAddress, ...refused });
        session.refuse(5);
      }
    });
    return handler;
  }
}

function refusalOf(connect: ConnectPacket, evidence: RegistrationEvidence): Refusal | undefined {
  if (evidence.registrationId === '') {
    return refuse('user-name-malformed', 'The user name is not {scope}/registrations/{id}/api-version={version}.').refusal;
  }
  // Ids ignore case; the client id is checked the same way as everything else about them.
  if (connect.clientId.toLowerCase() !== evidence.registrationId.toLowerCase()) {
    return refuse(
      'client-id-mismatch',
      `The client id ${connect.clientId} is not the registration id ${evidence.registrationId}.`,
    ).refusal;
  }
  if (evidence.token === undefined && evidence.certificates.length === 0) {
    return refuse('credentials-missing', 'The device sent neither a certificate nor a token.').refusal;
  }
  return undefined;
}

/** Ends that are nobody's fault, or of which a refusal is kept already. */
const ordinaryEnds: ReadonlySet<string> = new Set([
  'disconnect',
  'connection-lost',
  'keep-alive-timeout',
  'refused',
  'server-stopping',
  'internal-error',
]);

/** One connection. Requests are answered one after the other, each with exactly one message, PUBACK first. */
class RegisteringDevice implements SessionHandler {
  readonly #session: MqttServerSession;
  readonly #evidence: RegistrationEvidence;
  readonly #options: ProvisioningMqttOptions;
  #answers: Promise<void> = Promise.resolve();
  #waiting = 0;
  #granted: 0 | 1 | undefined;

  constructor(session: MqttServerSession, evidence: RegistrationEvidence, options: ProvisioningMqttOptions) {
    this.#session = session;
    this.#evidence = evidence;
    this.#options = options;
  }

  publish({ topic, payload, qos, packetId }: InboundPublish): void {
    const request = parseDpsRequestTopic(topic);
    if (!request || this.#waiting >= waitingMax) {
      this.#session.close(request ? 'too-many-requests' : 'topic-unknown');
      return;
    }
    if (qos === 1) this.#session.acknowledge(packetId);
    // One byte more than allowed is enough to be refused; a body is copied since its memory is used again.
    const body = Buffer.from(payload.subarray(0, registerBytesMax + 1));
    const { calls, platform } = this.#options;
    this.#waiting += 1;
    this.#answers = this.#answers
      .then(async () => {
        const answer =
          request.kind === 'register'
            ? await calls.register(this.#evidence, () => parseBody(body))
            : await calls.poll(this.#evidence, request.operationId);
        this.#waiting -= 1;
        this.#send(request.requestId, answer);
      })
      .catch((error: unknown) => {
        platform.log.error('registration.unanswered', { registrationId: this.#evidence.registrationId, error: String(error) });
        this.#session.close('internal-error');
      });
  }

  acknowledged(): void {}

  subscribe(packetId: number, filters: readonly Subscription[]): void {
    const codes = filters.map(({ filter, qos }) => {
      if (filter !== dpsResponseFilter) return subscriptionRefused;
      this.#granted = qos === 0 ? 0 : 1;
      return this.#granted;
    });
    this.#session.grant(packetId, codes);
  }

  unsubscribe(packetId: number, filters: readonly string[]): void {
    if (filters.includes(dpsResponseFilter)) this.#granted = undefined;
    this.#session.unsubscribed(packetId);
  }

  ended(reason: CloseReason): void {
    this.#granted = undefined;
    if (ordinaryEnds.has(reason)) return;
    const { registrationId: subject, remoteAddress: peer } = this.#evidence;
    const violation = violationOf(reason, this.#session.closeDetail);
    this.#options.refusals.record({ service: 'provisioning', subject, peer, ...violation });
  }

  #send(requestId: string, { status, retryAfterSeconds, body }: DeviceAnswer): void {
    // A client that did not subscribe, or is gone, gets nothing: an unsolicited message confuses .NET.
    if (this.#granted === undefined || this.#session.isClosed) return;
    const topic = formatDpsResponseTopic({ status, requestId, ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) });
    this.#session.publish({ topic, payload: JSON.stringify(body), qos: this.#granted });
  }
}
