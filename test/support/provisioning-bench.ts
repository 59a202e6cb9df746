import { CaCertificates } from '#authorities/ca-certificates.ts';
import type { JsonObject } from '#base/json.ts';
import { buildHub, type Hub } from '#hub/hub.ts';
import type { HubLimits } from '#hub/hub-limits.ts';
import { Outgoing } from '#outgoing/outgoing.ts';
import { buildProvisioning } from '#provisioning/provisioning.ts';
import type { RateSettings } from '#provisioning/registration/rate-limits.ts';
import type { IssuerChange } from '#trust/check-issuer.ts';
import { dpsResponseFilter, formatDpsPollTopic, formatDpsRegisterTopic, parseDpsResponseTopic } from '#wire/azure/dps-topics.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';
import { type CloseReason, MqttServerSession } from '#wire/mqtt/server-session.ts';
import { makeCa, makeLeaf, makeOriginalProof, type TestCertificate } from './certificates.ts';
import { openHubBench, until } from './hub-bench.ts';

export type ProvisioningConnect = {
  registrationId?: string;
  /** Leaf first; without it the device's own. */
  certificates?: readonly TestCertificate[];
  userName?: string;
  clientId?: string;
  password?: Buffer;
  cleanSession?: boolean;
};

export type ProvisioningBenchOptions = {
  daaIdentityMode?: 'selfSigned' | 'caSigned';
  rates?: RateSettings;
  holdsDevices?: boolean;
  issuerChange?: IssuerChange;
  /** Who is called in place of webhooks on the network. */
  outgoing?: Pick<Outgoing, 'checkUrl' | 'post'>;
};

export type DpsAnswer = { topic: string; status: number; retryAfterSeconds: number | undefined; body: JsonObject };

/** A provisioning instance with the real hub behind it, in memory, and one X.509 enrollment group, `line-1`. */
export async function openProvisioningBench(options: ProvisioningBenchOptions = {}) {
  const hubBench = await openHubBench();
  const { clock, random, log, database, refusals, secrets, hub, revocationLists } = hubBench;
  const platform = { clock, random, log };
  const authorities = new CaCertificates(platform, database, 'dps:home', refusals);
  const { daaIdentityMode = 'selfSigned', rates, outgoing = new Outgoing({ platform, allowed: [], allowHttp: false }) } = options;
  const hubs = [hub];
  const build = ({ holdsDevices = true } = options) =>
    buildProvisioning({
      platform,
      database,
      refusals,
      secrets,
      authorities,
      revocationLists,
      hub,
      hubs: { list: () => hubs },
      outgoing,
      instanceName: 'home',
      daaIdentityMode,
      holdsDevices,
      ...(rates && { rates }),
      ...(options.issuerChange && { issuerChange: options.issuerChange }),
    });
  let provisioning = await build();
  const ca = makeCa({ name: 'Line 1' });

  /** Uploads `authority` and proves it. */
  async function verifyAuthority(certificateId: string, authority: TestCertificate): Promise<void> {
    await authorities.upload({ certificateId, file: authority.der, by: 'test' });
    const { verificationCode = '' } = await authorities.generateVerificationCode(certificateId);
    await authorities.verify(certificateId, makeOriginalProof(authority, verificationCode).der, 'test');
  }

  await verifyAuthority('line-1-primary', ca);
  await provisioning.groups.create({
    groupId: 'line-1',
    displayName: 'Line 1',
    type: 'iot',
    isEnabled: true,
    attestation: { type: 'x509', primaryCertificateId: 'line-1-primary' },
  });

  /** Another hub in the same database, linked from now on. */
  async function addHub(hostName: string, limits?: HubLimits): Promise<Hub> {
    const instanceName = hostName.split('.')[0] ?? hostName;
    const own = new CaCertificates(platform, database, `hub:${instanceName}`, refusals);
    const added = await buildHub({
      platform,
      database,
      refusals,
      secrets,
      authorities: own,
      revocationLists,
      events: hub.events,
      hostName,
      instanceName,
      ...(limits && { limits }),
    });
    await added.start();
    hubs.push(added);
    return added;
  }

  /** Sends CONNECT over a pair of byte queues and waits for the answer. */
  async function connect(asked: ProvisioningConnect = {}) {
    const { registrationId = 'dev1' } = asked;
    const certificates = asked.certificates ?? [makeLeaf({ issuer: ca, name: registrationId })];
    /** What came, in its order. */
    const events: string[] = [];
    const messages: { topic: string; body: string }[] = [];
    let closed: CloseReason | undefined;
    const nowMs = () => clock.monotonic();
    const peer = {
      remoteAddress: '192.0.2.8',
      remotePort: 40_001,
      serverName: undefined,
      tlsVersion: 'TLSv1.2',
      certificates: certificates.map(({ der }) => der),
      trackingId: 'track-2',
    };
    const server: MqttServerSession = new MqttServerSession({
      nowMs,
      onConnect: (packet) => provisioning.mqtt.open({ session: server, peer }, packet),
      onOutput: () => queueMicrotask(toClient),
      onClose(reason) {
        closed = reason;
        toClient();
        client.endOfInput();
      },
    });
    const client: MqttClientSession = new MqttClientSession({
      nowMs,
      onOutput: () => queueMicrotask(toServer),
      onConnack: (code, sessionPresent) => events.push(`connack ${code}${sessionPresent ? ' present' : ''}`),
      onMessage({ topic, payload }) {
        events.push(`message ${topic}`);
        messages.push({ topic, body: payload.toString() });
      },
      onClose: () =>
        queueMicrotask(() => {
          toServer();
          server.endOfInput();
        }),
    });
    function toClient(): void {
      const bytes = server.takeOutput();
      if (bytes) client.receive(bytes);
    }
    function toServer(): void {
      const bytes = client.takeOutput();
      if (bytes) server.receive(bytes);
    }
    client.connect({
      clientId: asked.clientId ?? registrationId,
      userName: asked.userName ?? `${provisioning.idScope}/registrations/${registrationId}/api-version=2019-03-31`,
      keepAliveSeconds: 60,
      cleanSession: asked.cleanSession ?? true,
      ...(asked.password === undefined ? {} : { password: asked.password }),
    });
    await until('CONNECT is answered', () => events.length > 0 || closed !== undefined);

    /** Publishes and waits for the one answer to `requestId`. */
    async function ask(topic: string, body: string | Buffer, qos: 0 | 1 = 1): Promise<DpsAnswer> {
      const before = messages.length;
      client.publish({ topic, payload: body, qos }, () => events.push('puback'));
      await until(`${topic} is answered`, () => messages.length > before || closed !== undefined);
      const message = messages[before];
      if (!message) throw new Error(`closed instead of answered: ${closed}`);
      const { status = 0, retryAfterSeconds } = parseDpsResponseTopic(message.topic) ?? {};
      return { topic: message.topic, status, retryAfterSeconds, body: JSON.parse(message.body) };
    }

    const device = {
      client,
      server,
      events,
      messages,
      get closed() {
        return closed;
      },
      subscribe: (filter = dpsResponseFilter, qos: 0 | 1 = 1) =>
        new Promise<readonly number[]>((resolve) => client.subscribe([{ filter, qos }], resolve)),
      ask,
      register: (body: string | Buffer = '', requestId = '1') => ask(formatDpsRegisterTopic(requestId), body),
      poll: (operationId: unknown, body = ' ', requestId = '1') => ask(formatDpsPollTopic(requestId, String(operationId)), body),
    };
    return device;
  }

  return {
    ...hubBench,
    ca,
    authorities,
    verifyAuthority,
    addHub,
    linkHub(added: Hub): void {
      hubs.push(added);
    },
    unlinkHub(hostName: string): void {
      hubs.splice(0, hubs.length, ...hubs.filter((linked) => linked.hostName !== hostName));
    },
    connect,
    /** CONNECT to the hub behind it. */
    dialHub: hubBench.connect,
    get provisioning() {
      return provisioning;
    },
    /** The service as it comes back on the same database after its process ended. */
    async restart(changed: Pick<ProvisioningBenchOptions, 'holdsDevices'> = {}) {
      provisioning = await build(changed);
    },
  };
}

export type ProvisioningBench = Awaited<ReturnType<typeof openProvisioningBench>>;
