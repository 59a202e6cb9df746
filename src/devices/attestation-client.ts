import {
  attestationPaths,
  attestationProblemSchema,
  type CertificateReply,
  type CertificateRequest,
  type ClaimReply,
  type ClaimRequest,
  certificateReplySchema,
  claimReplySchema,
  configurationSchema,
  nonceReplySchema,
} from '#sphere/contract/attestation.ts';
import { evidenceFormat } from '#sphere/contract/evidence.ts';
import { type JsonAnswer, type Network, requestJson } from './connection.ts';

/** The security service said no, with the code of sphere.md 3.7. */
export class AttestationRefused extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, detail: string, retryAfterSeconds: number | undefined) {
    super(detail);
    this.name = 'AttestationRefused';
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };

/** Homeport Attestation 1 as a device speaks it. */
export class AttestationClient {
  readonly #network: Network;
  readonly #origin: string;
  readonly #reusesNonce: boolean;
  #firstNonce: string | undefined;

  /** `reusesNonce` is an attack: every request carries the first nonce again. */
  constructor(network: Network, serviceUrl: string, options: { reusesNonce: boolean }) {
    this.#network = network;
    this.#origin = new URL(serviceUrl).origin;
    this.#reusesNonce = options.reusesNonce;
  }

  get origin(): string {
    return this.#origin;
  }

  /**
   * Stops a device from signing for an audience it was not told about: the service must call itself
   * what the device calls it.
   */
  async checkConfiguration(): Promise<void> {
    const answer = await requestJson(this.#network, { method: 'GET', url: this.#origin + attestationPaths.configuration });
    const { origin } = read(answer, configurationSchema);
    if (origin !== this.#origin) {
      throw new Error(`The service calls itself ${origin}, and this device was told ${this.#origin}.`);
    }
  }

  async requestNonce(deviceId: string, tenantId: string): Promise<string> {
    if (this.#reusesNonce && this.#firstNonce !== undefined) return this.#firstNonce;
    const { nonce } = await this.#post(attestationPaths.nonces, { deviceId, tenantId, evidenceFormat }, nonceReplySchema);
    this.#firstNonce ??= nonce;
    return nonce;
  }

  requestCertificate(request: CertificateRequest): Promise<CertificateReply> {
    return this.#post(attestationPaths.certificates, request, certificateReplySchema);
  }

  claim(request: ClaimRequest): Promise<ClaimReply> {
    return this.#post(attestationPaths.claims, request, claimReplySchema);
  }

  async #post<T>(path: string, json: unknown, schema: Schema<T>): Promise<T> {
    return read(await requestJson(this.#network, { method: 'POST', url: this.#origin + path, json }), schema);
  }
}

function read<T>(answer: JsonAnswer, schema: Schema<T>): T {
  if (answer.status >= 200 && answer.status < 300) {
    const parsed = schema.safeParse(answer.body);
    if (parsed.success) return parsed.data;
    throw new Error('The service gave an answer that this device does not understand.');
  }
  const problem = attestationProblemSchema.safeParse(answer.body);
  const code = problem.success ? problem.data.code : `status-${answer.status}`;
  const detail = problem.success ? problem.data.detail : `The service answered ${answer.status}.`;
  const stated = problem.success ? problem.data.retryAfter : undefined;
  throw new AttestationRefused(answer.status, code, detail, answer.retryAfterSeconds ?? stated);
}
