import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import type { Certificate } from '#pki/certificate.ts';
import { issueCertificate } from '#pki/issue.ts';
import { exportPrivateKeyPem, generateEcKey, generateRsaKey, type KeyPair } from '#pki/key.ts';
import { toPem } from '#pki/pem.ts';
import { frameOf, nothing, uint, yes } from '#test/support/amqp-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { clientFrame, handshake, opcodes, RawWebSocket } from '#test/support/raw-web-socket.ts';
import * as encode from '#wire/amqp/encode.ts';
import { performative } from '#wire/amqp/frame-reader.ts';
import { amqpHeader } from '#wire/amqp/sasl.ts';
import type { CloseReason } from '#wire/mqtt/server-session.ts';
import { HttpsListener } from './https-listener.ts';
import { listenerLimits } from './limits.ts';
import type { AmqpSurface, MqttSurface, Peer } from './surface.ts';
import type { ServerIdentity } from './tls-options.ts';
import { WebSocketUpgrade } from './web-socket-upgrade.ts';

const clock = new ManualClock();
const platform = { clock, random: systemRandom, log: silentLog };
const limits = { ...listenerLimits, connectionsPerAddressMax: 4 };

const field = (text: string) => Buffer.concat([Buffer.from([0, text.length]), Buffer.from(text)]);

/** CONNECT of client `c` with a user name, clean session, keep-alive 60 s. */
function connectPacket(userName: string): Buffer {
  const body = Buffer.concat([Buffer.from('00044d5154540482003c', 'hex'), field('c'), field(userName)]);
  return Buffer.concat([Buffer.from([0x10, body.length]), body]);
}

const sdkHeaders = (protocol: string | undefined, more: readonly string[] = []) => [
  'Host: localhost:443',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
  ...more,
];

async function issue(
  profile: 'server-ca' | 'server' | 'device-self-signed',
  name: string,
  key: KeyPair,
  issuer?: { certificate: Certificate; privateKey: KeyPair['privateKey'] },
) {
  return issueCertificate({
    profile,
    subject: [['CN', name]],
    publicKey: key.publicKey,
    issuer: issuer ?? { selfSignedWith: key.privateKey },
    names: profile === 'server' ? ['localhost'] : [],
    now: platform.clock.now(),
    random: platform.random,
  });
}

describe('MQTT in a WebSocket on the HTTPS port', () => {
  let identity: ServerIdentity;
  let device: { cert: string; key: string };
  let listener: HttpsListener;
  let upgrade: WebSocketUpgrade;
  let port = 0;
  const opened: { target: string; peer: Peer; publishes: string[] }[] = [];
  let ended = Promise.withResolvers<CloseReason>();

  const surfaceOf = (target: string): MqttSurface => ({
    open({ session, peer }) {
      const publishes: string[] = [];
      opened.push({ target, peer, publishes });
      queueMicrotask(() => session.accept(false));
      return {
        publish: ({ topic, payload }) => void publishes.push(`${topic} ${payload}`),
        acknowledged() {},
        subscribe() {},
        unsubscribe() {},
        ended: (reason) => ended.resolve(reason),
      };
    },
  });

  /** Tells of an open that came, and closes. */
  const amqpSurface: AmqpSurface = {
    authenticate: async () => false,
    open({ connection, peer, open }) {
      opened.push({ target: `amqp of ${open.hostName}`, peer, publishes: [] });
      queueMicrotask(() => connection.close({ condition: 'amqp:connection:forced', description: 'seen' }));
      return {
        attach: () => ({ refuse: { condition: 'amqp:not-found', description: '' } }),
        message() {},
        outcome: async () => undefined,
        writable() {},
        detached() {},
        ended() {},
      };
    },
  };

  before(async () => {
    const caKey = generateEcKey('P-384');
    const ca = await issue('server-ca', 'Test CA', caKey);
    const [rsa, ec] = await Promise.all(
      [await generateRsaKey(2048), generateEcKey('P-256')].map(async (key) => {
        const certificate = await issue('server', 'localhost', key, { certificate: ca, privateKey: caKey.privateKey });
        return { certificate: toPem('CERTIFICATE', certificate.der), key: exportPrivateKeyPem(key.privateKey) };
      }),
    );
    assert.ok(rsa && ec);
    identity = { rsa, ec, ca: toPem('CERTIFICATE', ca.der) };
    const deviceKey = generateEcKey('P-256');
    const certificate = await issue('device-self-signed', 'dev1', deviceKey);
    device = { cert: toPem('CERTIFICATE', certificate.der), key: exportPrivateKeyPem(deviceKey.privateKey) };
    [listener, upgrade, port] = await start();
  });
  after(() => listener.stop());
  // The server hears of a client's end a moment later.
  afterEach(() => eventually(() => (upgrade.connectionCount === 0 ? true : undefined)));
  beforeEach(() => {
    opened.length = 0;
    ended = Promise.withResolvers();
  });

  async function start(): Promise<[HttpsListener, WebSocketUpgrade, number]> {
    const surfaces = { hub: surfaceOf('hub'), provisioning: surfaceOf('provisioning') };
    const made = new WebSocketUpgrade({ platform, limits, surfaces, amqp: { hub: amqpSurface, provisioning: amqpSurface } });
    const https = new HttpsListener({
      platform,
      address: '127.0.0.1',
      port: 0,
      identity,
      limits,
      asksForCertificate: true,
      choose: () => (_request, response) => response.end('ordinary'),
      upgrade: made,
    });
    return [https, made, await https.start()];
  }

  async function dial(options: ConnectionOptions = {}, to = port): Promise<RawWebSocket> {
    const socket: TLSSocket = connect({
      host: '127.0.0.1',
      port: to,
      servername: 'localhost',
      ca: identity.ca,
      checkServerIdentity: () => undefined,
      ...options,
    });
    await once(socket, 'secureConnect');
    return new RawWebSocket(socket);
  }

  async function open(options: ConnectionOptions = {}, to = port): Promise<RawWebSocket> {
    const client = await dial(options, to);
    assert.match(await client.ask(handshake('/$iothub/websocket', sdkHeaders('mqtt'))), /^HTTP\/1\.1 101 /);
    return client;
  }

  async function hangUp(client: RawWebSocket): Promise<void> {
    client.socket.destroy();
    await once(client.socket, 'close');
  }

  for (const [who, path, protocol, more] of [
    [
      'hub 36, dps 31: Node and Python ask for /$iothub/websocket and mqtt',
      '/$iothub/websocket',
      'mqtt',
      ['Origin: https://localhost:443'],
    ],
    ['hub 37, dps 31: C asks for /$iothub/websocket and MQTT', '/$iothub/websocket', 'MQTT', []],
    ['hub 38: Java asks for a path with a query', '/$iothub/websocket?iothub-no-client-cert=true', 'mqtt', []],
    ['dps 32: .NET asks for /', '/', 'mqtt', []],
    ['dps 33: Java asks for /mqtt', '/mqtt', 'mqtt', []],
  ] as const) {
    test(`${who}: it is let in, its letters echoed, and CONNECT chooses the service`, async () => {
      for (const [userName, target] of [
        ['localhost/dev1/?api-version=2021-04-12', 'hub'],
        ['0ne00000001/registrations/dev1/api-version=2019-03-31', 'provisioning'],
      ] as const) {
        const client = await dial();
        const head = await client.ask(handshake(path, sdkHeaders(protocol, more)));
        assert.match(head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
        assert.ok(head.includes('\r\nConnection: Upgrade\r\n'), head);
        assert.ok(head.includes(`\r\nSec-WebSocket-Protocol: ${protocol}\r\n`), head);
        assert.doesNotMatch(head, /:\s*\r\n/);
        assert.equal(client.unreadBytes, 0);
        client.write(clientFrame(connectPacket(userName)));
        const { opcode, payload } = await client.next();
        assert.deepEqual([opcode, ...payload], [opcodes.binary, 0x20, 2, 0, 0]);
        assert.equal(opened.at(-1)?.target, target);
        await hangUp(client);
      }
    });
  }

  test('packets may be split across frames or share one', async () => {
    const client = await open();
    const publish = (text: string) => Buffer.concat([Buffer.from([0x30, 3 + text.length]), field('t'), Buffer.from(text)]);
    const bytes = Buffer.concat([connectPacket('localhost/dev1/?api-version=1'), publish('a'), publish('bc')]);
    client.write(clientFrame(bytes.subarray(0, 5)));
    client.write(clientFrame(bytes.subarray(5, 6)));
    client.write(clientFrame(bytes.subarray(6)));
    // PINGREQ: its answer says that everything before it was read.
    client.write(clientFrame(Buffer.from([0xc0, 0])));
    let answer = '';
    while (!answer.endsWith('d000')) answer += (await client.next()).payload.toString('hex');
    assert.equal(answer, '20020000d000');
    assert.deepEqual(opened[0]?.publishes, ['t a', 't bc']);
    await hangUp(client);
  });

  test('the client certificate arrives as evidence', async () => {
    const client = await open(device);
    client.write(clientFrame(connectPacket('localhost/dev1/?api-version=1')));
    await client.next();
    assert.deepEqual(
      opened[0]?.peer.certificates.map((der) => toPem('CERTIFICATE', der)),
      [device.cert],
    );
    assert.equal(opened[0]?.peer.serverName, 'localhost');
    assert.equal(opened[0]?.peer.remoteAddress, '127.0.0.1');
    await hangUp(client);
  });

  test('hub 82: AMQPWSB10 in any letters is AMQP, echoed as it was offered', async () => {
    for (const protocol of ['AMQPWSB10', 'amqpwsb10']) {
      const client = await dial();
      const head = await client.ask(handshake('/$iothub/websocket?iothub-no-client-cert=true', sdkHeaders(protocol)));
      assert.match(head, /^HTTP\/1\.1 101 /);
      assert.match(head, new RegExp(`^Sec-WebSocket-Protocol: ${protocol}\r$`, 'm'));
      const frames = [
        frameOf(performative.open, [encode.string('c'), encode.string('hub.example')]),
        frameOf(performative.begin, [nothing, uint(0), uint(1), uint(1)]),
        frameOf(performative.attach, [encode.string('l'), uint(0), yes]),
      ];
      client.write(clientFrame(Buffer.concat([amqpHeader, ...frames])));
      assert.equal((await client.next()).payload.toString('latin1', 0, 4), 'AMQP');
      await eventually(() => opened.find(({ target }) => target === 'amqp of hub.example'));
      opened.length = 0;
      await hangUp(client);
    }
  });

  for (const protocol of [undefined, 'AMQPWSB9', 'mqttv3.1', 'chat, superchat']) {
    test(`the sub-protocol ${protocol ?? 'of a client that offers none'} is refused with 400, and the connection ends`, async () => {
      const client = await dial();
      const head = await client.ask(handshake('/$iothub/websocket', sdkHeaders(protocol)));
      assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
      assert.match(await client.rest(), /sub-protocol.*mqtt,amqpwsb10/);
    });
  }

  test('a page of another origin may not use the client certificate of the browser', async () => {
    for (const origin of [
      'https://evil.example',
      'https://localhost:8443',
      'http://localhost:443',
      'null',
      'https://localhost.evil.example',
    ]) {
      const client = await dial(device);
      const head = await client.ask(handshake('/', sdkHeaders('mqtt', [`Origin: ${origin}`])));
      assert.match(head, /^HTTP\/1\.1 403 Forbidden\r\n/, origin);
      await client.rest();
    }
    assert.equal(opened.length, 0);
  });

  test('our own origin, as Python writes it, may; and a page without a certificate brings its own credentials', async () => {
    for (const [options, origin] of [
      [device, 'https://localhost:443'],
      [device, 'https://localhost'],
      [{}, 'https://app.example'],
    ] as const) {
      const client = await dial(options);
      const head = await client.ask(handshake('/', sdkHeaders('mqtt', [`Origin: ${origin}`])));
      assert.match(head, /^HTTP\/1\.1 101 /, origin);
      await hangUp(client);
    }
  });

  test('an ordinary request is served as ever', async () => {
    const client = await dial();
    client.write(handshake('/', ['Host: localhost', 'Connection: close']));
    assert.match(await client.rest(), /^HTTP\/1\.1 200 OK\r\n.*ordinary/s);
  });

  test('a CONNECT that does not come ends the connection, pings notwithstanding', async () => {
    const client = await open();
    clock.advance(listenerLimits.connectMsMax - 2_000);
    client.write(clientFrame('', { opcode: opcodes.ping }));
    assert.equal((await client.next()).opcode, opcodes.pong);
    assert.equal(upgrade.connectionCount, 1);
    clock.advance(6_000);
    const close = await client.next();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [opcodes.close, 1000]);
    client.write(clientFrame(close.payload, { opcode: opcodes.close }));
    await client.rest();
  });

  test('a silent session is ended by its keep-alive', async () => {
    const client = await open();
    client.write(clientFrame(connectPacket('localhost/dev1/?api-version=1')));
    await client.next();
    clock.advance(88_000);
    assert.equal(upgrade.connectionCount, 1);
    clock.advance(6_000);
    assert.equal(await ended.promise, 'keep-alive-timeout');
    assert.equal((await client.next()).opcode, opcodes.close);
    await hangUp(client);
  });

  test('a second CONNECT, a packet too large before CONNECT, and a text frame each end their session alone', async () => {
    const healthy = await open();
    healthy.write(clientFrame(connectPacket('localhost/dev1/?api-version=1')));
    await healthy.next();
    for (const frames of [
      [clientFrame(connectPacket('localhost/a')), clientFrame(connectPacket('localhost/a'))],
      [clientFrame(Buffer.from([0x10, 0xff, 0xff, 0x7f]))],
      [clientFrame(Buffer.alloc(64, 0xff))],
      [clientFrame('CONNECT', { opcode: opcodes.text })],
    ]) {
      const noisy = await open();
      noisy.write(Buffer.concat(frames));
      let frame = await noisy.next();
      if (frame.opcode === opcodes.binary) frame = await noisy.next();
      assert.equal(frame.opcode, opcodes.close);
      await hangUp(noisy);
    }
    healthy.write(clientFrame(Buffer.from([0xc0, 0])));
    assert.equal((await healthy.next()).payload.toString('hex'), 'd000');
    await hangUp(healthy);
  });

  test('a client that does not answer the close frame is cut off', async () => {
    const client = await open();
    client.write(clientFrame(connectPacket('localhost/dev1/?api-version=1')));
    await client.next();
    client.write(clientFrame(Buffer.alloc(64, 0xff)));
    assert.equal((await client.next()).opcode, opcodes.close);
    assert.equal(upgrade.connectionCount, 1);
    clock.advance(16_000);
    await client.rest();
  });

  test('connections count for their address after the upgrade too', async () => {
    const [https, , at] = await start();
    const clients = await Promise.all(Array.from({ length: limits.connectionsPerAddressMax }, () => open({}, at)));
    await assert.rejects(open({}, at));
    await Promise.all(clients.map(hangUp));
    // The server hears of the ends a moment later.
    await hangUp(await eventually(() => open({}, at).catch(() => undefined)));
    await https.stop();
  });

  test('a stop ends the sessions with a close frame, and cuts off who does not answer it', async () => {
    const [https, sockets, at] = await start();
    const [polite, deaf] = [await open({}, at), await open({}, at)];
    for (const client of [polite, deaf]) {
      client.write(clientFrame(connectPacket('localhost/dev1/?api-version=1')));
      await client.next();
    }
    assert.equal(sockets.connectionCount, 2);
    const stopped = https.stop();
    assert.equal(await ended.promise, 'server-stopping');
    const close = await polite.next();
    assert.equal(close.opcode, opcodes.close);
    polite.write(clientFrame(close.payload, { opcode: opcodes.close }));
    await polite.rest();
    clock.advance(5_000);
    await stopped;
    assert.equal(sockets.connectionCount, 0);
  });
});
