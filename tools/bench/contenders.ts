/** The servers that are compared: Homeport as `homeport start` starts it, and a Mosquitto beside it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned } from '#test/support/certificates.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { parseConnectionString } from '#wire/azure/connection-string.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { find } from '../requirements.ts';
import type { LoadTarget } from './generator.ts';

export type Contender = {
  readonly name: 'Homeport' | 'Mosquitto';
  readonly pid: number;
  readonly target: LoadTarget;
  close(): Promise<void>;
};

/** Those that run: whoever interrupts a measurement must not leave them behind. */
const running = new Set<Contender>();

export async function closeContenders(): Promise<void> {
  await Promise.all([...running].map((contender) => contender.close()));
}

function keep<T extends Contender>(contender: T): T {
  const kept: T = {
    ...contender,
    async close() {
      running.delete(kept);
      await contender.close();
    },
  };
  running.add(kept);
  return kept;
}

export type HomeportContender = Contender & { readonly home: RunningHomeport };

export const devicePrefix = 'load-';

/** One certificate for all devices: what differs between two devices costs a server nothing. */
export type DeviceCertificate = { readonly certificate: string; readonly key: string; readonly thumbprint: string };

export function makeDeviceCertificate(folder: string): DeviceCertificate {
  const now = systemClock.now();
  const made = makeSelfSigned('load', { notBefore: plus(now, -hourMs), notAfter: plus(now, 30 * dayMs) });
  const certificate = join(folder, 'device.pem');
  const key = join(folder, 'device.key');
  writeFileSync(certificate, made.pem);
  writeFileSync(key, exportPrivateKeyPem(made.privateKey), { mode: 0o600 });
  return { certificate, key, thumbprint: made.certificate.sha256Thumbprint };
}

/** A server of its own, with `devices` devices that sign in with the certificate. */
export async function startContender(
  device: DeviceCertificate,
  { devices, environment = {} }: { devices: number; environment?: Readonly<Record<string, string>> },
): Promise<HomeportContender> {
  const home = await startHomeport([], { HOMEPORT_LOG__LEVEL: 'warn', ...environment });
  try {
    await registerDevices(home, device.thumbprint, devices);
  } catch (error) {
    await home.close();
    throw error;
  }
  const { hostName, mqttPort } = home.status.hub;
  const target = { host: home.address, port: mqttPort, hub: hostName, certificate: device.certificate, key: device.key };
  return keep({ name: 'Homeport', pid: home.status.pid, target, home, close: () => home.close() });
}

const bulkMax = 100;

/** Over the REST that back ends use, a hundred at a time. */
export async function registerDevices(home: RunningHomeport, thumbprint: string, count: number): Promise<void> {
  const { hub } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])) as typeof home.status;
  const { hostName, sharedAccessKey } = parseConnectionString(hub.connectionStrings?.iothubowner ?? '');
  const authorization = formatSasToken({
    resource: hostName,
    key: Buffer.from(sharedAccessKey?.reveal() ?? '', 'base64'),
    keyName: 'iothubowner',
    expirySeconds: Math.ceil(plus(systemClock.now(), dayMs) / 1000),
  });
  const authentication = { type: 'selfSigned', x509Thumbprint: { primaryThumbprint: thumbprint } };
  for (let from = 0; from < count; from += bulkMax) {
    const entries = Array.from({ length: Math.min(bulkMax, count - from) }, (_, index) => ({
      id: deviceIdOf(from + index),
      importMode: 'create',
      authentication,
    }));
    const { status, text } = await askHttps(`https://${home.address}:${hub.httpsPort}/devices?api-version=2021-04-12`, home.ca, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(entries),
    });
    if (status !== 200) throw new Error(`Registering devices was answered with ${status}: ${text}`);
  }
}

/** As test/load/connection.c forms it. */
export function deviceIdOf(number: number): string {
  return `${devicePrefix}${String(number).padStart(5, '0')}`;
}

/** Acknowledges without syncing: persistence is off, as it is by default. The server certificate is Homeport's. */
export async function startMosquitto(device: DeviceCertificate, homeport: HomeportContender): Promise<Contender> {
  const program = find(['mosquitto'], ['/usr/sbin', '/usr/local/sbin']);
  if (!program) throw new Error('There is no mosquitto to compare with. Run: apt-get install mosquitto');
  const folder = mkdtempSync(join(tmpdir(), 'hp-mosquitto-'));
  const { address, data } = homeport.home;
  const port = await freePort(address);
  const lines = [
    `listener ${port} ${address}`,
    `cafile ${device.certificate}`,
    `certfile ${join(data, 'ca/server-ec.pem')}`,
    `keyfile ${join(data, 'ca/server-ec.key')}`,
    'require_certificate true',
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    'log_type error',
    'log_dest stderr',
    // Started by root it would become another user, who may not read the key.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  writeFileSync(join(folder, 'mosquitto.conf'), `${lines.join('\n')}\n`);
  const child = spawn(program, ['-c', join(folder, 'mosquitto.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const deadline = performance.now() + 10_000; !(await isListening(address, port)); ) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await close();
      throw new Error(`Mosquitto did not start. ${errors}`);
    }
  }
  return keep({ name: 'Mosquitto', pid: child.pid ?? 0, target: { ...homeport.target, port }, close });
}

export async function freePort(address: string): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof bound !== 'object' || !bound) throw new Error('There is no free port.');
  return bound.port;
}

function isListening(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const answer = (is: boolean) => {
      socket.destroy();
      setTimeout(() => resolve(is), is ? 0 : 50);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
