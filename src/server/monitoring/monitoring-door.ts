import { createServer, type RequestListener } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { join } from 'node:path';
import { constantTimeEqual } from '#base/bytes.ts';
import type { Lifecycle } from '#base/lifecycle.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { HttpsListener, type HttpsListenerOptions } from '#listeners/https-listener.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import type { ServerSettings } from '../config.ts';
import { loadOrCreateFile } from '../key-file.ts';
import { portRefused } from '../port-refused.ts';
import { monitoringRoutes, type Watched } from './monitoring-routes.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

export function isLoopback(address: string): boolean {
  if (address === 'localhost') return true;
  const family = isIP(address);
  return family !== 0 && loopback.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** What may be asked without a token: it tells nothing but whether the server can do its work. */
const forBalancers: ReadonlySet<string> = new Set(['/health/live', '/health/ready']);

type DoorOptions = {
  readonly platform: Platform;
  readonly lifecycle: Lifecycle;
  readonly directory: string;
  readonly settings: ServerSettings;
  readonly watched: Watched;
  readonly https: Pick<HttpsListenerOptions, 'identity' | 'limits'>;
};

/**
 * The port for an operator's tools, where one is asked for. Whoever is on this machine already may see how many there
 * are of what, and no more is told; from elsewhere nobody may who does not hold the token of the data directory.
 * Returns the listener whose certificate is renewed with the others, if it has one.
 */
export async function openMonitoringDoor(options: DoorOptions): Promise<HttpsListener | undefined> {
  const { platform, lifecycle, directory, settings, watched } = options;
  const port = settings['monitoring.port'];
  const address = settings['monitoring.address'];
  if (port === 0) return undefined;
  const isInside = isLoopback(address);
  const token = isInside ? undefined : await loadToken(platform, directory);
  const handle = await buildHttpHandler<undefined, never>(platform, {
    name: 'monitoring',
    routes: monitoringRoutes(watched),
    headers: { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
    async authenticate({ headers, url }) {
      if (token === undefined || forBalancers.has(url.split('?', 1)[0] ?? '')) return undefined;
      const sent = /^Bearer (.+)$/i.exec(headers.authorization ?? '')?.[1]?.trim() ?? '';
      if (!constantTimeEqual(sent, token)) throw new Problem('unauthorized', 'Send the token of monitoring.token.');
      return undefined;
    },
    renderProblem: ({ code, message }) => ({ status: statuses[code] ?? 500, json: { error: { code, message } } }),
  });
  try {
    if (isInside) {
      const stop = await listenPlain(handle, address, port);
      await lifecycle.start({ name: 'monitoring', stop });
      return undefined;
    }
    const listener = new HttpsListener({
      platform,
      address,
      port,
      ...options.https,
      asksForCertificate: false,
      choose: () => handle,
    });
    await listener.start();
    await lifecycle.start({ name: 'monitoring', stop: () => listener.stop() });
    return listener;
  } catch (error) {
    throw portRefused(error, address, port);
  }
}

const statuses: Partial<Record<string, number>> = {
  unauthorized: 401,
  'route-not-found': 404,
  'method-not-allowed': 405,
  malformed: 400,
  'argument-invalid': 400,
};

async function loadToken(platform: Platform, directory: string): Promise<string> {
  const file = join(directory, 'monitoring.token');
  return (await loadOrCreateFile(file, () => Buffer.from(platform.random.bytes(32).toString('base64url')))).toString().trim();
}

async function listenPlain(handle: RequestListener, address: string, port: number): Promise<() => Promise<void>> {
  const server = createServer({ maxHeaderSize: 8 * 1024, requestTimeout: 10_000 }, handle);
  server.maxConnections = 32;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
