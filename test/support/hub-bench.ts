import { setImmediate as turn } from 'node:timers/promises';
import { CaCertificates } from '#authorities/ca-certificates.ts';
import { RevocationLists } from '#authorities/revocation-lists.ts';
import type { JsonObject } from '#base/json.ts';
import type { EventSource, StoredEvent } from '#hub/events/event-log.ts';
import { SegmentEvents } from '#hub/events/segment-events.ts';
import { buildHub, type HubOptions } from '#hub/hub.ts';
import type { AskedAuthentication } from '#hub/registry/device.ts';
import type { AskedModuleAuthentication } from '#hub/registry/module.ts';
import { AuditLog } from '#storage/audit-log.ts';
import { openDatabase } from '#storage/database.ts';
import { RefusalLog } from '#storage/refusal-log.ts';
import { SecretStore } from '#storage/secret-store.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import type { Qos, Will } from '#wire/mqtt/packet.ts';
import { type CloseReason, MqttServerSession } from '#wire/mqtt/server-session.ts';
import { makeSelfSigned, type TestCertificate } from './certificates.ts';
import { CrashDisk } from './crash-disk.ts';
import { testPlatform } from './test-platform.ts';

export const hubHost = 'home.example';

/** Longer than anything that is not stuck; counted in turns of the event loop, so that a slow machine only takes longer. */
const turnsMax = 2_000;

/** Waits, turn by turn of the event loop, until `condition` holds. */
export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; i < turnsMax; i++) {
    if (await condition()) return;
    await turn();
  }
  throw new Error(`It did not happen: ${what}.`);
}

/** Gives everything that is ready to run its turn: for what must not happen. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

export type ConnectOptions = {
  certificates?: readonly TestCertificate[];
  deviceId?: string;
  /** Connects as this module of the device. */
  moduleId?: string;
  userName?: string;
  clientId?: string;
  password?: Buffer;
  cleanSession?: boolean;
  keepAliveSeconds?: number;
  will?: Will;
  modelId?: string;
};

/** A device at the other end of a pair of byte queues. */
export type TestDevice = {
  readonly client: MqttClientSession;
  readonly server: MqttServerSession;
  /** CONNACK: its code and flag. */
  readonly answer: { code?: number; sessionPresent?: boolean };
  readonly messages: { topic: string; body: string }[];
  /** Why the server's session ended. */
  closed: CloseReason | undefined;
  /** Resolves with the body when a message arrives whose topic begins so; takes it out of `messages`. */
  message(prefix: string): Promise<{ topic: string; body: string }>;
  subscribe(...filters: (string | [string, Qos])[]): Promise<readonly number[]>;
  unsubscribe(...filters: string[]): Promise<void>;
  /** Resolves at the PUBACK. */
  send(topic: string, payload?: string | Buffer, options?: { retain?: boolean; dup?: boolean }): Promise<void>;
  /** QoS 0. */
  sendOnce(topic: string, payload?: string | Buffer): void;
  /** The connection breaks, without DISCONNECT. */
  cut(): void;
  disconnect(): Promise<void>;
};

/** A whole hub in memory: database, disk and clock under the test's control; devices join by bytes. */
export async function openHubBench(
  more: Pick<HubOptions, 'broker' | 'files' | 'doors' | 'oversizePublish' | 'issuerChange' | 'quotas' | 'faults'> = {},
) {
  const platform = testPlatform();
  const database = await openDatabase('sqlite::memory:');
  const refusals = new RefusalLog(platform, database);
  const audit = new AuditLog(platform, database, { days: 30, entriesMax: 10_000 });
  const secrets = new SecretStore(platform, database, Buffer.alloc(32, 7));
  const authorities = new CaCertificates(platform, database, 'hub:home', refusals);
  const revocationLists = await RevocationLists.open(platform, database);
  const disk = new CrashDisk();
  const events = await SegmentEvents.open(platform, { directory: '/log', files: disk });
  const hub = await buildHub({
    platform,
    database,
    refusals,
    audit,
    secrets,
    authorities,
    revocationLists,
    events,
    hostName: hubHost,
    instanceName: 'home',
    ...more,
  });
  await hub.start();
  const ownCertificates = new Map<string, TestCertificate>();

  /** Adds a device and, for thumbprints, the certificate it signs in with. */
  async function addDevice(deviceId: string, authentication?: AskedAuthentication): Promise<TestCertificate> {
    const certificate = makeSelfSigned(deviceId);
    ownCertificates.set(deviceId, certificate);
    const own = { type: 'selfSigned', primaryThumbprint: certificate.certificate.sha256Thumbprint } as const;
    await hub.registry.create({ deviceId, authentication: authentication ?? own });
    return certificate;
  }

  /** Adds a module of a device that there is and, for thumbprints, the certificate it signs in with. */
  async function addModule(deviceId: string, moduleId: string, authentication?: AskedModuleAuthentication) {
    const certificate = makeSelfSigned(moduleId);
    ownCertificates.set(`${deviceId}/${moduleId}`, certificate);
    const own = { type: 'selfSigned', primaryThumbprint: certificate.certificate.sha256Thumbprint } as const;
    return hub.registry.modules.create({ deviceId, moduleId, authentication: authentication ?? own });
  }

  /** Sends CONNECT and waits for the answer. */
  async function connect(options: ConnectOptions = {}): Promise<TestDevice> {
    const device = dial(options);
    await until('CONNECT is answered', () => device.answer.code !== undefined || device.closed !== undefined);
    return device;
  }

  /** Sends CONNECT. */
  function dial(options: ConnectOptions = {}): TestDevice {
    const { deviceId = 'dev1', moduleId, modelId } = options;
    const identity = moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
    const own = ownCertificates.get(identity);
    const certificates = options.certificates ?? (own ? [own] : []);
    const device = join(certificates.map(({ der }) => der));
    const model = modelId === undefined ? '' : `&model-id=${modelId}`;
    device.client.connect({
      clientId: options.clientId ?? identity,
      userName: options.userName ?? `${hubHost}/${identity}/?api-version=2021-04-12${model}`,
      keepAliveSeconds: options.keepAliveSeconds ?? 60,
      cleanSession: options.cleanSession ?? false,
      ...(options.password === undefined ? {} : { password: options.password }),
      ...(options.will === undefined ? {} : { will: options.will }),
    });
    return device;
  }

  function join(certificates: readonly Buffer[]): TestDevice {
    const nowMs = () => platform.clock.monotonic();
    const peer = {
      remoteAddress: '192.0.2.7',
      remotePort: 40_000,
      serverName: hubHost,
      tlsVersion: 'TLSv1.3',
      certificates,
      trackingId: 'track-1',
    };
    const toClient = () => {
      const bytes = server.takeOutput();
      if (bytes) client.receive(bytes);
    };
    const toServer = () => {
      const bytes = client.takeOutput();
      if (bytes) server.receive(bytes);
    };
    const server: MqttServerSession = new MqttServerSession({
      nowMs,
      onConnect: (packet) => hub.mqtt.open({ session: server, peer }, packet),
      onOutput: () => queueMicrotask(toClient),
      onClose(reason) {
        device.closed = reason;
        toClient();
        client.endOfInput();
      },
    });
    const client: MqttClientSession = new MqttClientSession({
      nowMs,
      onOutput: () => queueMicrotask(toServer),
      onConnack(code, sessionPresent) {
        Object.assign(device.answer, { code, sessionPresent });
      },
      onMessage: ({ topic, payload }) => device.messages.push({ topic, body: payload.toString() }),
      onClose() {
        queueMicrotask(() => {
          toServer();
          server.endOfInput();
        });
      },
    });
    const device: TestDevice = {
      client,
      server,
      answer: {},
      messages: [],
      closed: undefined,
      async message(prefix) {
        const find = () => device.messages.findIndex(({ topic }) => topic.startsWith(prefix));
        await until(`a message on ${prefix} arrives`, () => find() >= 0);
        const [found] = device.messages.splice(find(), 1);
        if (!found) throw new Error('unreachable');
        return found;
      },
      subscribe: (...filters) =>
        new Promise((resolve) => {
          const asked = filters.map((filter) => (typeof filter === 'string' ? ([filter, 0] as const) : filter));
          client.subscribe(
            asked.map(([filter, qos]) => ({ filter, qos })),
            resolve,
          );
        }),
      unsubscribe: (...filters) => new Promise((resolve) => client.unsubscribe(filters, resolve)),
      async send(topic, payload = '{}', flags = {}) {
        let isAcknowledged = false;
        const isSent = client.publish({ topic, payload, qos: 1, ...flags }, () => {
          isAcknowledged = true;
        });
        if (!isSent) throw new Error('The message was not sent.');
        await until(`the message to ${topic} is acknowledged`, () => isAcknowledged);
      },
      sendOnce: (topic, payload = '{}') => client.publish({ topic, payload, qos: 0 }),
      cut() {
        server.endOfInput();
      },
      async disconnect() {
        client.disconnect();
        await until('the session ends', () => device.closed !== undefined);
      },
    };
    return device;
  }

  const held: (() => void)[] = [];

  /** Holds every sync back from now on; `release` lets the oldest one go. */
  function holdSyncs() {
    let taken = 0;
    disk.before = (operation) => (operation === 'sync' ? new Promise<void>((resolve) => held.push(resolve)) : undefined);
    return {
      /** How many syncs have been asked for. */
      get asked(): number {
        return taken + held.length;
      },
      release() {
        taken += 1;
        held.shift()?.();
      },
      /** Lets those that wait and those to come go. */
      end() {
        disk.before = () => {};
        taken += held.length;
        for (const release of held.splice(0)) release();
      },
    };
  }

  /** Everything stored so far from `source`. */
  async function stored(source: EventSource): Promise<StoredEvent[]> {
    const all: StoredEvent[] = [];
    for (let from = events.start; ; ) {
      const next = await events.read({ from, max: 1_000 });
      all.push(...next);
      const last = next.at(-1);
      if (!last) return all.filter((event) => event.source === source);
      from = last.next;
    }
  }

  return {
    ...platform,
    database,
    refusals,
    audit,
    secrets,
    authorities,
    revocationLists,
    disk,
    events,
    hub,
    ownCertificates: ownCertificates as ReadonlyMap<string, TestCertificate>,
    addDevice,
    addModule,
    connect,
    dial,
    join,
    holdSyncs,
    stored,
    /** The one refusal there is. */
    async refusal() {
      const rows = await refusals.list();
      if (rows.length !== 1) throw new Error(`There are ${rows.length} refusals.`);
      return rows[0];
    },
    operations: async (source: EventSource) => (await stored(source)).map((event) => event.properties().application.opType),
    async close() {
      // A test that failed may have left the disk held.
      disk.before = () => {};
      for (const release of held.splice(0)) release();
      const stopped = hub.stop();
      await settled();
      platform.clock.advance(10_000);
      await stopped;
      await events.close();
      await refusals.stop();
      await audit.stop();
      await database.destroy();
    },
  };
}

export type HubBench = Awaited<ReturnType<typeof openHubBench>>;

export function parseBody(message: { body: string }): JsonObject {
  return JSON.parse(message.body);
}

export function telemetryTopic(deviceId: string, bag = ''): string {
  return `devices/${deviceId}/messages/events/${bag}`;
}
