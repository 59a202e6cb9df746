import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import common from 'azure-iot-common';
import device from 'azure-iot-device';
import deviceMqtt from 'azure-iot-device-mqtt';
import provisioning from 'azure-iot-provisioning-device';
import provisioningMqtt from 'azure-iot-provisioning-device-mqtt';
import security from 'azure-iot-security-x509';
import mqtt from 'mqtt';
import { systemClock } from '#base/clock.ts';
import { type CompatBench, type Identity, openCompatBench, resultOf } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { handshake, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';

const { Client, Message } = device;
type Client = InstanceType<typeof Client>;
type Handshake = { path: string; headers: (host: string, key: string) => string[]; subProtocol: string };

const ordinary = (host: string, key: string, subProtocol: string) => [
  `Host: ${host}`,
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Key: ${key}`,
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Protocol: ${subProtocol}`,
];

/** The handshakes of SDKs that npm does not have, line by line (hub- and dps-device-protocol.md 1). */
const python: Handshake = {
  path: '/$iothub/websocket',
  subProtocol: 'mqtt',
  headers: (host, key) => [
    `Host: ${host}:443`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Origin: https://${host}:443`,
    `Sec-WebSocket-Key: ${key}`,
    'Sec-Websocket-Version: 13',
    'Sec-Websocket-Protocol: mqtt',
  ],
};
const c: Handshake = {
  path: '/$iothub/websocket',
  subProtocol: 'MQTT',
  headers: (host, key) => ordinary(`${host}:443`, key, 'MQTT'),
};
const java: Handshake = {
  path: '/$iothub/websocket?iothub-no-client-cert=true',
  subProtocol: 'mqtt',
  headers: (host, key) => ordinary(`${host}:443`, key, 'mqtt'),
};
const dotnet: Handshake = { path: '/', subProtocol: 'mqtt', headers: (host, key) => ordinary(host, key, 'mqtt') };
const javaToDps: Handshake = { ...java, path: '/mqtt' };

describe('MQTT over WebSockets on port 443', () => {
  let bench: CompatBench;
  const open: Client[] = [];
  before(async () => {
    bench = await openCompatBench();
    // What a person does with NODE_EXTRA_CA_CERTS: the provisioning SDK has no option for it.
    setDefaultCACertificates([...getCACertificates('default'), bench.home.ca]);
    // SDKs have this port hard-coded, hence the namespace of the tests.
    assert.equal(bench.home.status.hub.httpsPort, 443);
  });
  afterEach(async () => {
    for (const client of open.splice(0)) await client.close().catch(() => {});
  });
  after(() => bench?.close());

  /** Where to dial, and what the handshake must look like before MQTT begins. */
  const over = ({ path, subProtocol, headers }: Handshake, host = bench.home.address) => ({
    port: 443,
    async carry(socket: TLSSocket) {
      const client = new RawWebSocket(socket);
      const key = 'AQIDBAUGBwgJCgsMDQ4PEA==';
      const head = await client.ask(handshake(path, headers(host, key)));
      assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
      const lines = head.split('\r\n');
      // As Java's client reads them: split at the colon, one space after it, no empty value.
      assert.ok(lines.includes('Connection: Upgrade'), head);
      assert.ok(lines.includes(`Sec-WebSocket-Protocol: ${subProtocol}`), head);
      for (const line of lines.slice(1, -2)) assert.match(line, /^[\w-]+: \S/);
      assert.equal(client.unreadBytes, 0);
      return client.stream();
    },
  });

  async function prepared(client: Client, options: Record<string, unknown> = {}): Promise<Client> {
    client.setRetryPolicy(new common.NoRetry());
    await client.setOptions({ ca: bench.home.ca, ...options });
    open.push(client);
    return client;
  }

  const withCertificate = (deviceId: string, { cert, key }: Identity) =>
    prepared(
      Client.fromConnectionString(`HostName=${bench.home.status.hub.hostName};DeviceId=${deviceId};x509=true`, deviceMqtt.MqttWs),
      { cert, key },
    );

  async function addKeyDevice(deviceId: string): Promise<string> {
    await bench.central.ok('PUT', `/api/devices/${deviceId}`, { displayName: deviceId });
    const words = ['hub', 'device', 'create', '-d', deviceId, '--auth-method', 'shared_private_key', '--json', '--secrets'];
    return JSON.parse(await bench.home.ok('homeport', words)).connectionString;
  }

  test('hub 36: azure-iot-device over MqttWs with X.509 sends, reads its twin and answers a method', async () => {
    const client = await withCertificate('ws-1', await bench.registerThermometer('ws-1'));
    await client.open();
    await client.sendEvent(new Message('{"temperature":21.5}'));
    await bench.arrival('ws-1', '{"temperature":21.5}');
    const large = JSON.stringify({ text: 'x'.repeat(200_000) });
    await client.sendEvent(new Message(large));
    await bench.arrival('ws-1', large);
    const twin = await client.getTwin();
    await new Promise<void>((resolve, reject) =>
      twin.properties.reported.update({ via: 'MqttWs' }, (error: Error | undefined) => (error ? reject(error) : resolve())),
    );
    client.onDeviceMethod('displayAlert', (_request, response) => response.send(200, { shown: true }, () => {}));
    // The subscription of the method is under way; the call waits for it.
    const answer = await eventually(async () => {
      const { status, body } = await bench.central.call('POST', '/api/devices/ws-1/commands/displayAlert', { request: 'hello' });
      return status < 300 ? body : undefined;
    });
    assert.ok(answer);
    assert.equal(await bench.isConnected('ws-1'), true);
  });

  test('hub 36: azure-iot-device over MqttWs by connection string is let in, and with another key refused', async () => {
    const text = await addKeyDevice('ws-key');
    const client = await prepared(Client.fromConnectionString(text, deviceMqtt.MqttWs));
    await client.open();
    await client.sendEvent(new Message('{"by":"key"}'));
    await bench.arrival('ws-key', '{"by":"key"}');
    await client.close();
    const wrong = text.replace(/SharedAccessKey=.*/, `SharedAccessKey=${Buffer.alloc(32).toString('base64')}`);
    const refused = await prepared(Client.fromConnectionString(wrong, deviceMqtt.MqttWs));
    await assert.rejects(refused.open(), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('ws-key')).reason, 'token-signature');
  });

  test('dps 31: azure-iot-provisioning-device over MqttWs with X.509 is assigned, and a stranger is not', async () => {
    const { hostName, idScope } = bench.home.status.dps;
    const register = async (registrationId: string, { cert, key }: Identity) =>
      provisioning.ProvisioningDeviceClient.create(
        hostName,
        idScope,
        new provisioningMqtt.MqttWs(),
        new security.X509Security(registrationId, { cert, key }),
      ).register();
    const result = await register('ws-dps', bench.leafOf('ws-dps'));
    assert.equal(result?.status, 'assigned');
    assert.equal(result?.deviceId, 'ws-dps');
    assert.ok((await bench.devices()).includes('ws-dps'));
    await assert.rejects(register('ws-nobody', bench.leafOf('ws-other')), { name: 'UnauthorizedError' });
    assert.equal((await bench.refusal('ws-nobody')).reason, 'common-name-mismatch');
  });

  for (const [name, id, spelling, rest] of [
    [
      'hub 36: Python, whose handshake has an Origin, sends over a WebSocket',
      'ws-py',
      python,
      '?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0',
    ],
    [
      'hub 37: C, whose sub-protocol is MQTT, sends over a WebSocket',
      'ws-c',
      c,
      '?api-version=2020-09-30&DeviceClientType=iothubclient%2F1.9.1',
    ],
    ['.NET, whose path is /, sends over a WebSocket', 'ws-net', dotnet, '?api-version=2021-04-12&DeviceClientType=.NET'],
  ] as const) {
    test(`${name}, with its certificate and not with another`, async () => {
      const identity = await bench.registerThermometer(id);
      const client = await bench.dialHub(identity, id, {
        ...over(spelling),
        userName: `${bench.home.status.hub.hostName}/${id}/${rest}`,
      });
      assert.equal(client.code, 0);
      await client.send(`devices/${id}/messages/events/`, '{"temperature":1}');
      await bench.arrival(id, '{"temperature":1}');
      client.disconnect();
      await client.closed();
      const wrong = await bench.dialHub(bench.selfSignedOf(id), id, over(spelling));
      assert.equal(wrong.code, 5);
      await wrong.closed();
    });
  }

  test('hub 38: Java, with its query in the path, sends over a WebSocket by shared access signature', async () => {
    const key = /SharedAccessKey=(.+)$/.exec(await addKeyDevice('ws-java'))?.[1] ?? '';
    const token = hubSpellings.Java?.({
      resource: `${bench.home.status.hub.hostName}/devices/ws-java`,
      key,
      expirySeconds: Math.ceil(systemClock.now() / 1000) + 600,
    });
    const client = await bench.dialHub(undefined, 'ws-java', { ...over(java), password: Buffer.from(token ?? '') });
    assert.equal(client.code, 0);
    await client.send('devices/ws-java/messages/events/', '{"temperature":2}');
    await bench.arrival('ws-java', '{"temperature":2}');
    client.disconnect();
    const nothing = await bench.dialHub(undefined, 'ws-java', over(java));
    assert.equal(nothing.code, 5);
  });

  for (const [name, id, spelling] of [
    ['dps 31: C and Python register through /$iothub/websocket', 'ws-dps-c', c],
    ['dps 32: .NET registers through /', 'ws-dps-net', dotnet],
    ['dps 33: Java registers through /mqtt', 'ws-dps-java', javaToDps],
  ] as const) {
    test(`${name}, and is assigned`, async () => {
      const client = await bench.dialDps(bench.leafOf(id), id, over(spelling));
      assert.equal(client.code, 0);
      await client.subscribe('$dps/registrations/res/#');
      let answer = resultOf(
        await client.ask('$dps/registrations/PUT/iotdps-register/?$rid=1', JSON.stringify({ registrationId: id })),
      );
      while (answer.status === 202) {
        const { operationId } = answer.body;
        answer = resultOf(
          await client.ask(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1&operationId=${operationId}`, ' '),
        );
      }
      assert.equal(answer.status, 200);
      assert.equal(answer.body.status, 'assigned');
      client.disconnect();
      await client.closed();
    });
  }

  test('hub 27: a session on 443 ends the one that the same device has on 8883, and the other way about', async () => {
    const identity = await bench.registerThermometer('ws-both');
    const plain = await bench.dialHub(identity, 'ws-both');
    const socket = await bench.dialHub(identity, 'ws-both', over(c));
    await plain.closed();
    const again = await bench.dialHub(identity, 'ws-both');
    await socket.closed();
    await again.send('devices/ws-both/messages/events/', '{}');
    again.disconnect();
  });

  test('mqtt from npm, which is nobody’s SDK, publishes over wss with its certificate', async () => {
    const { cert, key } = await bench.registerThermometer('ws-npm');
    const client = mqtt.connect(`wss://${bench.home.address}:443/any/path?and=query`, {
      cert,
      key,
      ca: bench.home.ca,
      clientId: 'ws-npm',
      username: `${bench.home.status.hub.hostName}/ws-npm/?api-version=2021-04-12`,
      protocolVersion: 4,
      reconnectPeriod: 0,
    });
    await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject));
    for (let n = 0; n < 20; n++) await client.publishAsync('devices/ws-npm/messages/events/', `{"temperature":${n}}`, { qos: 1 });
    await bench.arrival('ws-npm', '{"temperature":19}');
    await client.endAsync();
  });

  test('a stop ends the sessions, and the server goes down in order', async () => {
    const other = await openCompatBench();
    try {
      const identity = await other.registerThermometer('ws-stop');
      const client = await other.dialHub(identity, 'ws-stop', over(c, other.home.address));
      assert.equal(client.code, 0);
      const ended = client.closed();
      assert.equal(await other.home.stop(), 0);
      await ended;
      assert.doesNotMatch(other.home.log(), /part\.(abandoned|failed)/);
    } finally {
      await other.close();
    }
  });
});
