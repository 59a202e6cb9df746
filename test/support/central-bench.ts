import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CaCertificates } from '#authorities/ca-certificates.ts';
import { RevocationLists } from '#authorities/revocation-lists.ts';
import { RevocationSources } from '#authorities/revocation-sources.ts';
import { Health } from '#base/health.ts';
import type { Json, JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import { buildCentral } from '#central/central.ts';
import { buildData } from '#central/data/data.ts';
import type { Allocator } from '#central/devices/admit-device.ts';
import { CloudToDevice } from '#hub/cloud-to-device/cloud-to-device.ts';
import { defaultCloudToDeviceSettings } from '#hub/cloud-to-device/limits.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { HubEvents } from '#hub/messages/hub-events.ts';
import { Methods } from '#hub/methods/methods.ts';
import { Presence } from '#hub/presence/presence.ts';
import { CredentialWatches } from '#hub/registry/credential-watches.ts';
import { Registry } from '#hub/registry/registry.ts';
import { Twins } from '#hub/twins/twins.ts';
import { Outgoing } from '#outgoing/outgoing.ts';
import { buildProvisioning, type Provisioning } from '#provisioning/provisioning.ts';
import { auditAdminRoutes } from '#server/audit-admin-routes.ts';
import { ClockControl } from '#server/clock/clock-control.ts';
import { healthRoutes } from '#server/health-routes.ts';
import { routingAdminRoutes } from '#server/routing-admin-routes.ts';
import { AuditLog } from '#storage/audit-log.ts';
import { openDatabase } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { dpsResponseFilter, formatDpsPollTopic, formatDpsRegisterTopic, parseDpsResponseTopic } from '#wire/azure/dps-topics.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import { MqttServerSession } from '#wire/mqtt/server-session.ts';
import { makeSelfSigned } from './certificates.ts';
import { CrashDisk } from './crash-disk.ts';
import { openPortalRooms } from './portal-rooms.ts';
import { testPlatform } from './test-platform.ts';

export type Answer = { status: number; headers: IncomingMessage['headers']; json: JsonObject; text: string };
export type Ask = { body?: unknown; headers?: Record<string, string>; cookie?: string; token?: string };

const hostName = 'home.test';

/**
 * Central over the rooms of a hub and over provisioning, on a database and a disk in memory, behind
 * a real HTTP server.
 */
export async function openCentralBench() {
  const platform = testPlatform();
  const database = await openDatabase('sqlite::memory:');
  const events = await SegmentEvents.open(platform, { directory: '/log', files: new CrashDisk() });
  const hubEvents = new HubEvents(platform, events, 'home');
  const presence = new Presence(platform, database, 'home', hubEvents);
  const twins = new Twins(platform, database, 'home', hubEvents);
  const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const watches = new CredentialWatches();
  const registry = new Registry({
    platform,
    database,
    hub: 'home',
    twins,
    presence,
    watches,
    events: hubEvents,
    sealer: secrets,
  });
  const methods = new Methods(platform, registry);
  const refusals = new RefusalLog(platform, database);
  const audit = new AuditLog(platform, database, { days: 90, entriesMax: 10_000 });
  const authorities = new CaCertificates(platform, database, 'dps:home', refusals);
  const revocationLists = await RevocationLists.open(platform, database);
  const hubAuthorities = new CaCertificates(platform, database, 'hub:home', refusals);
  const provisionedHub = { hostName, registry, authorities: hubAuthorities, twins };
  const provisioning = await buildProvisioning({
    platform,
    database,
    refusals,
    secrets,
    authorities,
    revocationLists,
    hub: provisionedHub,
    hubs: { list: () => [provisionedHub] },
    outgoing: new Outgoing({ platform, allowed: [], allowHttp: false }),
    instanceName: 'home',
    daaIdentityMode: 'selfSigned',
    holdsDevices: true,
  });
  let allocator: Allocator | undefined;
  let port = 0;
  const refusalSubject = (subject: string) => subject;
  const cloudToDevice = new CloudToDevice({ platform, database, hub: 'home', registry, settings: defaultCloudToDeviceSettings });
  const rooms = { registry, twins, methods, presence, events, cloudToDevice };
  const portal = await openPortalRooms({ platform, database, secrets, hub: 'home', hostName, ...rooms });
  const hub = { name: 'home', hostName, authorities: hubAuthorities, ...rooms, ...portal, refusalSubject };
  const added: (typeof hub)[] = [];
  const central = await buildCentral({
    platform,
    database,
    refusals,
    hub,
    hubs: {
      list: () => [hub, ...added],
      find: (name) => [hub, ...added].find((each) => each.name === name),
      // Only the name is its own: what makes a hub is tested where hubs are.
      async create(name) {
        const fresh = { ...hub, name, hostName: `${name}.${hostName}` };
        added.push(fresh);
        return fresh;
      },
      async delete(name) {
        added.splice(0, added.length, ...added.filter((each) => each.name !== name));
      },
    },
    audit,
    ownerRoutes: [...routingAdminRoutes(() => hub), ...auditAdminRoutes(audit), ...healthRoutes(new Health())],
    hubUrl: (name) => `https://${name}`,
    provisioning: {
      ...provisioning,
      setAllocator(given) {
        allocator = given;
        provisioning.setAllocator(given);
      },
    },
    revocationLists,
    revocationSources: await RevocationSources.open(
      platform,
      database,
      revocationLists,
      new Outgoing({ platform, allowed: [], allowHttp: false }),
    ),
    openData: (models) => buildData({ platform, database, databaseUrl: 'sqlite::memory:', events, models }),
    settings: { origins: [], configuredHosts: ['127.0.0.1'] },
    time: {
      describeClock: () => new ClockControl(platform.clock, platform.log, undefined).describe(),
      rehearse: () => Promise.reject(new Problem('unavailable', 'There is no server around this application.')),
    },
  });
  const server = createServer(central.http);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  await presence.start();
  await central.start();

  const leaf = makeSelfSigned();

  /** What provisioning does after it accepted the credentials: asks Central, then makes the identity. */
  async function register(
    registrationId: string,
    options: { groupId?: string; payload?: Json; thumbprint?: string } = {},
  ): Promise<Awaited<ReturnType<Allocator>>> {
    if (!allocator) throw new Error('Central set no allocator');
    const admission = await allocator({
      registrationId,
      enrollmentGroupId: options.groupId ?? 'azure-sphere',
      payload: options.payload,
      leafDer: leaf.der,
    });
    if (admission.outcome === 'assign') {
      const primaryThumbprint = options.thumbprint ?? 'A'.repeat(40);
      const deviceId = admission.deviceId ?? registrationId;
      await registry.provision({ deviceId, authentication: { type: 'selfSigned', primaryThumbprint } });
    }
    return admission;
  }

  /** A device that dials provisioning by MQTT with a certificate, registers and polls once. Answers the status words. */
  async function dial(registrationId: string, certificates: readonly Buffer[], payload?: Json): Promise<DialAnswer> {
    const device = joinProvisioning(provisioning, { nowMs: () => platform.clock.monotonic(), certificates });
    device.client.connect({
      clientId: registrationId,
      userName: `${provisioning.idScope}/registrations/${registrationId}/api-version=2019-03-31`,
      keepAliveSeconds: 60,
      cleanSession: true,
    });
    await device.connected;
    await new Promise<unknown>((resolve) => device.client.subscribe([{ filter: dpsResponseFilter, qos: 1 }], resolve));
    const body = JSON.stringify({ registrationId, ...(payload === undefined ? {} : { payload }) });
    const accepted = await device.ask(formatDpsRegisterTopic('1'), body);
    if (accepted.status !== 202) return { status: accepted.status, state: '' };
    const polled = await device.ask(formatDpsPollTopic('2', String(accepted.body.operationId)), '');
    device.client.disconnect();
    return { status: polled.status, state: String(polled.body.status) };
  }

  /** Telemetry as a hub surface writes it into the log; resolves when it is durable. */
  function send(deviceId: string, body: string | Buffer, bag = ''): Promise<void> {
    return new Promise((resolve, reject) => {
      events.append(
        {
          source: 'Telemetry',
          deviceId,
          enqueuedAt: platform.clock.now(),
          bag,
          system: Buffer.alloc(0),
          body: Buffer.from(body),
        },
        (problem) => (problem ? reject(problem) : resolve()),
      );
    });
  }

  /** The secret of a new session's cookie, as a Cookie header. */
  async function signIn(): Promise<string> {
    const link = await central.createSignInLink('https://127.0.0.1');
    const answer = await ask('POST', '/api/ui/session', { body: { code: link.split('#')[1] } });
    return String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  }

  function ask(method: string, path: string, options: Ask = {}): Promise<Answer> {
    return sendRequest(port, method, path, options);
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
    provisioning,
    idScope: provisioning.idScope,
    register,
    dial,
    send,
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
      await portal.stop();
      await presence.stop();
      await events.close();
      await refusals.stop();
      await audit.stop();
      await database.destroy();
    },
  };
}

type DialAnswer = { status: number; state: string };

/** A device and provisioning at the two ends of a pair of byte queues. */
function joinProvisioning(
  provisioning: Pick<Provisioning, 'mqtt'>,
  { nowMs, certificates }: { nowMs: () => number; certificates: readonly Buffer[] },
) {
  const peer = {
    remoteAddress: '192.0.2.7',
    remotePort: 40_000,
    serverName: hostName,
    tlsVersion: 'TLSv1.3',
    certificates,
    trackingId: 'track-1',
  };
  const waiting: ((answer: { status: number; body: JsonObject }) => void)[] = [];
  const { promise: connected, resolve: open } = Promise.withResolvers<void>();
  const server: MqttServerSession = new MqttServerSession({
    nowMs,
    onConnect: (packet) => provisioning.mqtt.open({ session: server, peer }, packet),
    onOutput: () => queueMicrotask(() => carry(server, client)),
    onClose: () => client.endOfInput(),
  });
  const client: MqttClientSession = new MqttClientSession({
    nowMs,
    onOutput: () => queueMicrotask(() => carry(client, server)),
    onConnack: () => open(),
    onMessage({ topic, payload }) {
      const status = parseDpsResponseTopic(topic)?.status ?? 0;
      waiting.shift()?.({ status, body: JSON.parse(payload.toString()) });
    },
    onClose: () => queueMicrotask(() => carry(client, server)),
  });
  return {
    client,
    connected,
    ask(topic: string, payload: string): Promise<{ status: number; body: JsonObject }> {
      return new Promise((resolve) => {
        waiting.push(resolve);
        client.publish({ topic, payload, qos: 1 });
      });
    },
  };
}

function carry(from: { takeOutput(): Buffer | undefined }, to: { receive(bytes: Buffer): void }): void {
  const bytes = from.takeOutput();
  if (bytes) to.receive(bytes);
}

export type CentralBench = Awaited<ReturnType<typeof openCentralBench>>;

function versioned(path: string): string {
  if (path.startsWith('/api/ui/') || path.includes('api-version')) return path;
  return `${path}${path.includes('?') ? '&' : '?'}api-version=2022-07-31`;
}

function sendRequest(port: number, method: string, path: string, { body, headers, cookie, token }: Ask): Promise<Answer> {
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
  const ended = new Promise<void>((resolve) => response.once('end', resolve));
  await first;
  return {
    status: response.statusCode,
    received,
    /** Resolves when the server ends the stream. */
    ended,
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
