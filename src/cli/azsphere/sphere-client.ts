import { readFileSync } from 'node:fs';
import { parseBase64 } from '#base/bytes.ts';
import { type Json, parseJson } from '#base/json.ts';
import { CommandFailure, type ExitName } from '#cli/kit/failure.ts';
import { type HttpAnswer, type HttpRequest, type HttpTarget, requestHttp } from '#cli/kit/http-client.ts';
import {
  base64BodySchema,
  type CloudCertificate,
  type CloudClaimCode,
  type CloudDevice,
  type CloudDeviceDetail,
  type CloudTenant,
  certificateListSchema,
  claimCodeSchema,
  cloudErrorSchema,
  cloudPaths,
  deviceDetailSchema,
  devicePageSchema,
  tenantListSchema,
} from '#sphere/contract/cloud.ts';
import type { Session } from './session.ts';
import type { Voice } from './voice.ts';

/** Pages of devices that are followed; more would be a server that never ends. */
const pagesMax = 10_000;

type Schema<T> = { safeParse(value: unknown): { success: true; data: T } | { success: false } };

/** The security service's cloud API, as one signed-in person. Failures carry the exit codes of sphere.md 4.5. */
export class SphereClient {
  readonly #session: Session;
  readonly #voice: Voice;
  readonly #target: HttpTarget;

  constructor(session: Session, voice: Voice) {
    this.#session = session;
    this.#voice = voice;
    this.#target = { url: session.sphereUrl, ca: readCa(session.caFile) };
  }

  listTenants(): Promise<CloudTenant[]> {
    return this.#get(cloudPaths.tenants(), tenantListSchema);
  }

  listCertificates(tenantId: string): Promise<CloudCertificate[]> {
    return this.#get(cloudPaths.certificates(tenantId), certificateListSchema);
  }

  downloadCertificate(tenantId: string, thumbprint?: string): Promise<Buffer> {
    return this.#bytes(cloudPaths.certificate(tenantId, thumbprint));
  }

  downloadChain(tenantId: string, thumbprint?: string): Promise<Buffer> {
    return this.#bytes(cloudPaths.certificateChain(tenantId, thumbprint));
  }

  downloadProof(tenantId: string, code: string, thumbprint?: string): Promise<Buffer> {
    return this.#bytes(cloudPaths.verification(tenantId, code, thumbprint));
  }

  async listDevices(tenantId: string): Promise<CloudDevice[]> {
    const devices: CloudDevice[] = [];
    let continuation: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const { Items, ContinuationToken } = await this.#get(cloudPaths.devices(tenantId, continuation), devicePageSchema);
      devices.push(...Items);
      if (!ContinuationToken) return devices;
      continuation = ContinuationToken;
    }
    throw new CommandFailure('failed', `${this.#session.sphereUrl} does not come to the end of its list of devices.`);
  }

  loadDevice(tenantId: string, deviceId: string): Promise<CloudDeviceDetail> {
    return this.#get(cloudPaths.device(tenantId, deviceId), deviceDetailSchema);
  }

  async createClaimCode(tenantId: string): Promise<CloudClaimCode> {
    return this.#read(await this.#send({ method: 'POST', path: cloudPaths.claimCodes(tenantId) }), claimCodeSchema);
  }

  async #get<T>(path: string, schema: Schema<T>): Promise<T> {
    return this.#read(await this.#send({ method: 'GET', path }), schema);
  }

  async #bytes(path: string): Promise<Buffer> {
    const bytes = parseBase64(await this.#get(path, base64BodySchema));
    // DER begins with a SEQUENCE; anything else must not become somebody's certificate file.
    if (bytes?.[0] !== 0x30) throw this.#unexpected('The answer is no certificate.');
    return bytes;
  }

  async #send(request: HttpRequest): Promise<HttpAnswer> {
    const headers = { authorization: `Bearer ${this.#session.token.reveal()}` };
    const answer = await requestHttp(this.#target, { ...request, headers });
    this.#voice.verbose(`${request.method} ${request.path} answered ${answer.status}`);
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw refusal(answer, this.#session.sphereUrl);
  }

  #read<T>(answer: HttpAnswer, schema: Schema<T>): T {
    const parsed = schema.safeParse(parseBody(answer));
    if (parsed.success) return parsed.data;
    throw this.#unexpected('The answer has another shape than this azsphere knows. Their versions may differ.');
  }

  #unexpected(why: string): CommandFailure {
    return new CommandFailure('failed', `${this.#session.sphereUrl} gave an answer that cannot be used.`, { why });
  }
}

/** HTTP status → exit code (sphere.md 4.5). */
const exitOfStatus: Readonly<Record<number, ExitName>> = {
  401: 'notSignedIn',
  403: 'notSignedIn',
  404: 'notFound',
  409: 'conflict',
  501: 'unsupported',
};

function refusal(answer: HttpAnswer, sphereUrl: string): CommandFailure {
  const error = cloudErrorSchema.safeParse(parseBody(answer));
  const message = error.success ? error.data.Message : `${sphereUrl} answered with status ${answer.status}.`;
  const trackingId = error.success ? error.data.trackingId : undefined;
  const retryAfter = answer.headers['retry-after'];
  return new CommandFailure(exitOfStatus[answer.status] ?? 'failed', message, {
    ...(trackingId ? { why: `Tracking id ${trackingId}.` } : {}),
    ...(answer.status === 401 ? { fix: 'azsphere login' } : {}),
    ...(retryAfter ? { fix: `Try again in ${retryAfter} seconds.` } : {}),
  });
}

function parseBody(answer: HttpAnswer): Json | undefined {
  try {
    return parseJson(answer.body, { bytesMax: answer.body.length });
  } catch {
    return undefined;
  }
}

function readCa(caFile: string): string {
  try {
    return readFileSync(caFile, 'utf8');
  } catch (cause) {
    throw new CommandFailure('failed', `The CA file ${caFile} could not be read.`, {
      why: cause instanceof Error ? cause.message : String(cause),
      fix: 'azsphere login',
      cause,
    });
  }
}
