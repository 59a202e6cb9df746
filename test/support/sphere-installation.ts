import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { resolveDataDirectory } from '#base/data-directory.ts';
import { formatInstant } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { runAzsphere } from '#cli/azsphere/run-azsphere.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { issueCertificate } from '#pki/issue.ts';
import { exportPrivateKeyPem, generateEcKey } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { buildSphere } from '#sphere/sphere.ts';
import { openDatabase } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { temporaryDirectory, testTerminal } from './test-terminal.ts';

type Cleanup = { after(fn: () => void | Promise<void>): void };

const platform = { clock: systemClock, random: systemRandom, log: silentLog };

/** A CA and a certificate for `localhost` and 127.0.0.1, good today. */
export async function makeServerIdentity() {
  const now = platform.clock.now();
  const ca = generateEcKey('P-256');
  const caCertificate = await issueCertificate({
    profile: 'server-ca',
    subject: [['CN', 'Test CA']],
    publicKey: ca.publicKey,
    issuer: { selfSignedWith: ca.privateKey },
    now,
    random: platform.random,
  });
  const server = generateEcKey('P-256');
  const certificate = await issueCertificate({
    profile: 'server',
    subject: [['CN', 'localhost']],
    publicKey: server.publicKey,
    issuer: { certificate: caCertificate, privateKey: ca.privateKey },
    names: ['localhost', '127.0.0.1'],
    now,
    random: platform.random,
  });
  return {
    caPem: toPem('CERTIFICATE', caCertificate.der),
    certificatePem: toPem('CERTIFICATE', certificate.der),
    privateKeyPem: exportPrivateKeyPem(server.privateKey),
  };
}

/** Listens and closes after the test; resolves with the port, or 0 for a Unix socket. */
export async function listenFor(t: Cleanup, server: Server, where: number | string): Promise<number> {
  await new Promise<void>((resolve) => {
    if (typeof where === 'string') server.listen(where, resolve);
    else server.listen(where, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  return typeof where === 'string' ? 0 : (server.address() as AddressInfo).port;
}

/**
 * A data directory with a real security service behind real TLS, and an administration socket that
 * hands out sign-ins; `azsphere` runs against it as it does against the server.
 */
export async function openSphereInstallation(t: Cleanup) {
  const directory = temporaryDirectory(t);
  const { administrationSocket, devicesDirectory, azsphereFile } = resolveDataDirectory({}, directory);
  const identity = await makeServerIdentity();
  const caFile = join(directory, 'ca.pem');
  writeFileSync(caFile, identity.caPem);

  let surface: HttpSurface | undefined;
  const server = createSecureServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (request, response) =>
    surface?.(request, response),
  );
  const port = await listenFor(t, server, 0);
  const sphereUrl = `https://127.0.0.1:${port}`;
  const database = await openDatabase('sqlite::memory:');
  const refusals = new RefusalLog(platform, database);
  const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const keyDirectory = join(directory, 'sphere');
  const sphere = await buildSphere({ platform, database, secrets, refusals, keyDirectory, publicUrl: sphereUrl });
  surface = sphere.http;
  t.after(async () => {
    await refusals.stop();
    await database.destroy();
  });

  const administration = createPlainServer(async (request, response) => {
    if (request.method !== 'POST' || request.url !== '/sphere/tokens') return void response.writeHead(404).end('{}');
    const { token, expiresAt } = await sphere.mintAdministratorToken();
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ token, expiresAt: formatInstant(expiresAt), sphereUrl, caFile }));
  });
  await listenFor(t, administration, administrationSocket);

  const workingDirectory = join(directory, 'work');
  mkdirSync(workingDirectory);

  /** Runs one command line and returns everything it did. */
  async function azsphere(
    commandLine: string | string[],
    options: { answers?: string[]; environment?: Record<string, string> } = {},
  ) {
    const environment = { HOMEPORT_DATA: directory, ...options.environment };
    const terminal = testTerminal({ environment, workingDirectory, ...(options.answers ? { answers: options.answers } : {}) });
    const words = typeof commandLine === 'string' ? commandLine.split(' ').filter(Boolean) : commandLine;
    const exitCode = await runAzsphere(words[0] === 'azsphere' ? words.slice(1) : words, { terminal, platform });
    return { exitCode, output: terminal.output, errors: terminal.errors, questions: terminal.questions };
  }

  return {
    platform,
    directory,
    devicesDirectory,
    azsphereFile,
    workingDirectory,
    sphere,
    sphereUrl,
    refusals,
    identity,
    caFile,
    tenantId: sphere.defaultTenantId,
    azsphere,
  };
}

export type SphereInstallation = Awaited<ReturnType<typeof openSphereInstallation>>;
