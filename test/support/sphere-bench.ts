import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateReply, ClaimReply, NonceReply } from '#sphere/contract/attestation.ts';
import { attestationPaths } from '#sphere/contract/attestation.ts';
import { type CloudClaimCode, cloudPaths } from '#sphere/contract/cloud.ts';
import { evidenceFormat } from '#sphere/contract/evidence.ts';
import { buildSphere, type SphereOptions } from '#sphere/sphere.ts';
import type { Database } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import type { TestDatabase } from './databases.ts';
import { TestBoard } from './sphere-board.ts';
import { testPlatform } from './test-platform.ts';

export type Answer<T = never> = {
  status: number;
  headers: Headers;
  body: T & { code?: string; Code?: number; reason?: string; detail?: string; retryAfter?: number };
  text: string;
};

const origin = 'https://sphere.test';

/** Another service on whose clock and database this one runs. */
type Neighbour = ReturnType<typeof testPlatform> & { readonly database: Database };

/** A security service on `kind`, behind a plain HTTP socket of its own, with its clock in the test's hand. */
export async function openSphereBench(
  kind: TestDatabase,
  t: { after(fn: () => Promise<void>): void },
  more: Pick<SphereOptions, 'findLacking'> & { beside?: Neighbour } = {},
) {
  const { beside, ...asked } = more;
  const platform = beside ? { clock: beside.clock, random: beside.random, log: beside.log } : testPlatform();
  const { database, close } = beside ? { database: beside.database, close: async () => {} } : await kind.open();
  const directory = await mkdtemp(join(tmpdir(), 'homeport-sphere-'));
  const keyDirectory = join(directory, 'keys');
  const refusals = new RefusalLog(platform, database);
  const reasons = new Map<string, string>();
  refusals.onRefusal((row) => reasons.set(row.subject, row.reason));
  const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const options = {
    platform,
    database,
    secrets,
    refusals,
    keyDirectory,
    publicUrl: `${origin}/`,
    otherUrls: ['https://alias.test:8444'],
    ...asked,
  };
  const sphere = await buildSphere(options);
  const server = createServer(sphere.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await sphere.stop();
    await refusals.stop();
    await close();
    await rm(directory, { recursive: true });
  });
  const { token } = await sphere.mintAdministratorToken();
  const tenantId = sphere.defaultTenantId;

  async function send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const text = bytes.toString('latin1');
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: isJson ? JSON.parse(bytes.toString()) : (bytes as never),
    };
  }

  /** The cloud API with the administrator's token. */
  const cloud = <T>(path: string, method = 'GET') => send<T>(method, path, undefined, { authorization: `Bearer ${token}` });
  const device = <T>(path: string, body: unknown) => send<T>('POST', path, body);

  async function nonceFor(deviceId: string, tenant = tenantId): Promise<string> {
    const request = { deviceId, tenantId: tenant, evidenceFormat };
    const answer = await device<NonceReply>(attestationPaths.nonces, request);
    if (answer.status !== 201) throw new Error(`no nonce: ${answer.text}`);
    return answer.body.nonce;
  }

  async function claimCode(tenant = tenantId): Promise<string> {
    return (await cloud<CloudClaimCode>(cloudPaths.claimCodes(tenant), 'POST')).body.ClaimCode;
  }

  /** Claims `board`; parts of the attempt can be replaced. */
  async function claim(board: TestBoard, parts: { tenantId?: string; claimCode?: string; evidence?: string } = {}) {
    const tenant = parts.tenantId ?? tenantId;
    const code = parts.claimCode ?? (await claimCode(tenant));
    const evidence =
      parts.evidence ??
      (await board.claimEvidence({ nonce: await nonceFor(board.deviceId, tenant), tenantId: tenant, claimCode: code }));
    return device<ClaimReply>(attestationPaths.claims, { deviceId: board.deviceId, tenantId: tenant, claimCode: code, evidence });
  }

  type Attempt = {
    tenantId?: string;
    nonce?: string;
    csr?: Buffer;
    sentCsr?: Buffer;
    deviceId?: string;
    evidence?: string;
    overrides?: Record<string, unknown>;
    signing?: Parameters<TestBoard['sign']>[1];
  };

  /** Asks for today's certificate; parts of the attempt can be replaced. */
  async function attest(board: TestBoard, attempt: Attempt = {}) {
    const tenant = attempt.tenantId ?? tenantId;
    const nonce = attempt.nonce ?? (await nonceFor(board.deviceId, tenant));
    const csr = attempt.csr ?? (await board.makeCsr()).csr;
    const evidence =
      attempt.evidence ??
      (await board.certificateEvidence({ nonce, tenantId: tenant, csr }, attempt.overrides ?? {}, attempt.signing ?? {}));
    return device<CertificateReply>(attestationPaths.certificates, {
      deviceId: attempt.deviceId ?? board.deviceId,
      tenantId: tenant,
      evidence,
      csr: (attempt.sentCsr ?? csr).toString('base64'),
    });
  }

  async function claimedBoard(): Promise<TestBoard> {
    const board = new TestBoard(origin);
    const answer = await claim(board);
    if (answer.status !== 200) throw new Error(`not claimed: ${answer.text}`);
    return board;
  }

  /** The origin that a device hears which asks under the name `host`; fetch does not let its caller choose that header. */
  function configuredOrigin(host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const request = get(`${base}${attestationPaths.configuration}`, { headers: { host }, agent: false }, (response) => {
        response.setEncoding('utf8').on('data', (text: string) => resolve(JSON.parse(text).origin));
      });
      request.once('error', reject);
    });
  }

  /** The newest reason that was recorded about `board`. */
  const lastReason = (board: TestBoard): string | undefined => reasons.get(board.deviceId);

  return {
    sphere,
    options,
    platform,
    database,
    refusals,
    keyDirectory,
    tenantId,
    token,
    origin,
    send,
    cloud,
    device,
    nonceFor,
    claimCode,
    claim,
    attest,
    claimedBoard,
    newBoard: () => new TestBoard(origin),
    lastReason,
    configuredOrigin,
  };
}

export type SphereBench = Awaited<ReturnType<typeof openSphereBench>>;
