import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CaCertificates } from '#authorities/ca-certificates.ts';
import type { Instant } from '#base/instant.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { buildCentral, type CentralData } from '#central/central.ts';
import type { UiEvents } from '#central/contract/ui-events.ts';
import type { Admission, AdmissionRequest } from '#central/devices/admit-device.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { HubEvents } from '#hub/messages/hub-events.ts';
import { Methods } from '#hub/methods/methods.ts';
import { Presence } from '#hub/presence/presence.ts';
import { CredentialWatches } from '#hub/registry/credential-watches.ts';
import { Registry } from '#hub/registry/registry.ts';
import { Twins } from '#hub/twins/twins.ts';
import { EnrollmentGroups } from '#provisioning/enrollments/enrollment-groups.ts';
import { openDatabase } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { CrashDisk } from './crash-disk.ts';
import { testPlatform } from './test-platform.ts';

export type Answer = { status: number; headers: IncomingMessage['headers']; json: JsonObject; text: string };
export type Ask = { body?: unknown; headers?: Record<string, string>; cookie?: string; token?: string };

export const idScope = '0neTEST0001';

/** Ingested data that tests put there. */
class DataInMemory implements CentralData {
  readonly last = new Map<string, { value: Json; at: Instant }>();
  readonly #listeners = new Set<(values: UiEvents['values']) => void>();

  async series(_deviceId: string, query: { names: string[]; from: Instant }) {
    return query.names.map((name) => ({ name, points: [[query.from, 21.5]] as [number, number][] }));
  }

  async raw() {
    return { value: [] };
  }

  async lastKnown(deviceId: string, name: string) {
    return this.last.get(`${deviceId}/${name}`);
  }

  onValues(listener: (values: UiEvents['values']) => void) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(values: UiEvents['values']): void {
    for (const listener of this.#listeners) listener(values);
  }

  async start() {}
  async stop() {}
}

/**
 * Central over the real rooms of a hub and of provisioning, on a database and a disk in memory,
 * behind a real HTTP server. Ingested data is a stand-in that remembers.
 */
export async function openCentralBench() {
  const platform = testPlatform();
  const database = await openDatabase('sqlite::memory:');
  const events = await SegmentEvents.open(platform, { directory: '/log', files: new CrashDisk() });
  const hubEvents = new HubEvents(platform, events, 'home');
  const presence = new Presence(platform, database, 'home', hubEvents);
  const twins = new Twins(platform, database, 'home', hubEvents);
  const watches = new CredentialWatches();
  const registry = new Registry({ platform, database, hub: 'home', twins, presence, watches, events: hubEvents });
  const methods = new Methods(platform, registry);
  const refusals = new RefusalLog(platform, database);
  const authorities = new CaCertificates(platform, database, `dps:${idScope}`, refusals);
  const groups = new EnrollmentGroups(platform, database, idScope);
  const data = new DataInMemory();
  const deletedRegistrations: string[] = [];
  let allocator: ((request: AdmissionRequest) => Promise<Admission>) | undefined;
  let port = 0;
  const central = await buildCentral({
    platform,
    database,
    refusals,
    hub: { hostName: 'home.test', registry, twins, methods, presence, events },
    provisioning: {
      idScope,
      authorities,
      groups,
      registrations: { delete: async (registrationId) => deletedRegistrations.push(registrationId) },
      setAllocator: (given) => {
        allocator = given;
      },
    },
    openData: () => data,
    settings: { origins: [], configuredHosts: ['127.0.0.1'] },
  });
  const server = createServer(central.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await presence.start();
  await central.start();

  /** Like the provisioning service after it accepted the credentials: asks Central, then makes the identity. */
  async function register(
    registrationId: string,
    options: { groupId?: string; payload?: Json; thumbprint?: string } = {},
  ): Promise<Admission> {
    if (!allocator) throw new Error('Central set no allocator');
    const admission = await allocator({
      registrationId,
      enrollmentGroupId: options.groupId ?? 'azure-sphere',
      payload: options.payload,
    });
    if (admission.outcome === 'assign') {
      const primaryThumbprint = options.thumbprint ?? 'A'.repeat(40);
      await registry.provision({ deviceId: admission.deviceId, authentication: { type: 'selfSigned', primaryThumbprint } });
    }
    return admission;
  }

  /** The secret of a new session's cookie, as a Cookie header. */
  async function signIn(): Promise<string> {
    const link = await central.createSignInLink('https://127.0.0.1');
    const answer = await ask('POST', '/api/ui/session', { body: { code: link.split('#')[1] } });
    return String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  }

  function ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
    return send(port, method, path, options);
  }

  return {
    platform,
    clock: platform.clock,
    database,
    central,
    registry,
    twins,
    methods,
    presence,
    events,
    refusals,
    authorities,
    groups,
    data,
    deletedRegistrations,
    register,
    signIn,
    ask,
    get origin() {
      return `https://127.0.0.1:${port}`;
    },
    get port() {
      return port;
    },
    /** A client that holds the administrator's API token and names the version where the path needs one. */
    async client() {
      const { token } = await central.mintApiToken();
      return (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
        ask(method, versioned(path), { token, headers, ...(body === undefined ? {} : { body }) });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await central.stop();
      await presence.stop();
      await events.close();
      await refusals.stop();
      await database.destroy();
    },
  };
}

export type CentralBench = Awaited<ReturnType<typeof openCentralBench>>;

function versioned(path: string): string {
  if (path.startsWith('/api/ui/') || path.includes('api-version')) return path;
  return `${path}${path.includes('?') ? '&' : '?'}api-version=2022-07-31`;
}

function send(port: number, method: string, path: string, { body, headers, cookie, token }: Ask): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = httpRequest(
    {
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(cookie === undefined ? {} : { cookie }),
        ...(token === undefined ? {} : { authorization: token }),
        ...headers,
      },
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          json: text.startsWith('{') ? JSON.parse(text) : {},
          text,
        }),
      );
    },
  );
  request.on('error', reject);
  request.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/** An open event stream. `next` waits for the first event, from now on or not yet taken, that `isWanted` accepts. */
export async function openEventStream(port: number, options: { path?: string; cookie?: string; token?: string }) {
  type Received = { event: string; data: JsonObject };
  const received: Received[] = [];
  let wake = () => {};
  const { promise: opened, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = httpRequest(
    {
      port,
      host: '127.0.0.1',
      path: options.path ?? '/api/ui/events',
      headers: {
        ...(options.cookie === undefined ? {} : { cookie: options.cookie }),
        ...(options.token === undefined ? {} : { authorization: options.token }),
      },
    },
    resolve,
  );
  request.on('error', reject);
  request.end();
  const response = await opened;
  let rest = '';
  response.setEncoding('utf8');
  const { promise: first, resolve: started } = Promise.withResolvers<void>();
  response.on('data', (chunk: string) => {
    rest += chunk;
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    started();
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) received.push({ event, data: JSON.parse(data) });
    }
    wake();
  });
  response.on('error', () => undefined);
  await first;
  return {
    status: response.statusCode,
    received,
    async next(isWanted: (received: Received) => boolean, deadlineMs = 5_000): Promise<Received> {
      const deadline = AbortSignal.timeout(deadlineMs);
      for (;;) {
        const index = received.findIndex(isWanted);
        if (index >= 0) return received.splice(index, 1)[0] as Received;
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          deadline.addEventListener('abort', () => reject(new Error(`no such event; there were ${JSON.stringify(received)}`)), {
            once: true,
          });
        });
      }
    },
    close: () => request.destroy(),
  };
}
