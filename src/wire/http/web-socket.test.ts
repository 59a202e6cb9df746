import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { clientFrame, handshake, opcodes, RawWebSocket } from '#test/support/raw-web-socket.ts';
import { acceptWebSocket, chooseSubProtocol } from './web-socket.ts';

const limits = { messageBytesMax: 100_000, fragmentsMax: 64 };

/** RFC 6455 1.3: this key and this answer. */
const key = 'dGhlIHNhbXBsZSBub25jZQ==';
const acceptance = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const headers = [
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  `Sec-WebSocket-Key: ${key}`,
  'Sec-WebSocket-Version: 13',
];

describe('a WebSocket as a stream of bytes', () => {
  let server: Server;
  let opened = Promise.withResolvers<Duplex>();
  before(async () => {
    server = createServer();
    server.on('upgrade', (request, socket, head) => {
      const subProtocol = chooseSubProtocol(request, ['mqtt']) ?? '';
      acceptWebSocket({ request, socket, head, subProtocol, limits }, (stream) => opened.resolve(stream));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => server.close());

  async function dial(): Promise<RawWebSocket> {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawWebSocket(socket);
  }

  /** A client after its handshake, and what the server got of it. */
  async function pair(behind: Buffer = Buffer.alloc(0)) {
    opened = Promise.withResolvers();
    const client = await dial();
    const request = handshake('/', [...headers, 'Sec-WebSocket-Protocol: mqtt']);
    const head = await client.ask(Buffer.concat([Buffer.from(request), behind]));
    assert.match(head, /^HTTP\/1\.1 101 /);
    const stream = await opened.promise;
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    return { client, stream, errors };
  }

  async function read(stream: Duplex, bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let length = 0;
    while (length < bytes) {
      const chunk: Buffer | null = stream.read();
      if (chunk) {
        chunks.push(chunk);
        length += chunk.length;
      } else await once(stream, 'readable');
    }
    return Buffer.concat(chunks);
  }

  for (const spelling of ['mqtt', 'MQTT', 'Mqtt']) {
    test(`hub 36, 37: the sub-protocol ${spelling} is echoed in its own letters, byte for byte`, async () => {
      opened = Promise.withResolvers();
      const client = await dial();
      const head = await client.ask(handshake('/$iothub/websocket', [...headers, `Sec-WebSocket-Protocol: ${spelling}`]));
      assert.deepEqual(head.split('\r\n'), [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
        `Sec-WebSocket-Accept: ${acceptance}`,
        `Sec-WebSocket-Protocol: ${spelling}`,
        '',
        '',
      ]);
      assert.equal(client.unreadBytes, 0);
      (await opened.promise).destroy();
      assert.equal(await client.rest(), '');
    });
  }

  test('the first served sub-protocol of a list is chosen', () => {
    const choose = (offer?: string) =>
      chooseSubProtocol({ headers: offer === undefined ? {} : { 'sec-websocket-protocol': offer } }, ['mqtt']);
    assert.equal(choose('AMQPWSB10, MQTT ,mqtt'), 'MQTT');
    for (const none of [undefined, '', ',', 'AMQPWSB10', 'mqttv3.1', 'xmqtt', 'mqtt2'])
      assert.equal(choose(none), undefined, String(none));
  });

  test('an offered extension is not taken up', async () => {
    const client = await dial();
    const head = await client.ask(
      handshake('/', [
        ...headers,
        'Sec-WebSocket-Protocol: mqtt',
        'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
      ]),
    );
    assert.match(head, /^HTTP\/1\.1 101 /);
    assert.doesNotMatch(head, /extensions/i);
    client.socket.destroy();
  });

  for (const [what, lines] of [
    ['without a key', headers.filter((line) => !line.startsWith('Sec-WebSocket-Key'))],
    [
      'with a key that is none',
      headers.map((line) => (line.startsWith('Sec-WebSocket-Key') ? 'Sec-WebSocket-Key: short' : line)),
    ],
    ['of another version', headers.map((line) => line.replace(': 13', ': 7'))],
    ['to another protocol', headers.map((line) => line.replace(': websocket', ': h2c'))],
  ] as const) {
    test(`a handshake ${what} is answered 400`, async () => {
      const client = await dial();
      assert.match(
        await client.ask(handshake('/', [...lines, 'Sec-WebSocket-Protocol: mqtt'])),
        /^HTTP\/1\.1 400 Bad Request\r\n/,
      );
      await client.rest();
    });
  }

  test('bytes may be cut anywhere: into frames of one byte, fragments, and packets across frames', async () => {
    const { client, stream } = await pair();
    const bytes = Buffer.from('packet one|packet two|packet three');
    const frames = [...bytes.subarray(0, 15)].map((byte) => clientFrame(Buffer.from([byte])));
    frames.push(clientFrame(bytes.subarray(15, 20), { isFinal: false }));
    // A ping may stand between two fragments.
    frames.push(clientFrame('are you there', { opcode: opcodes.ping }));
    frames.push(clientFrame(bytes.subarray(20), { opcode: opcodes.continuation }));
    for (const byte of Buffer.concat(frames)) client.write(Buffer.from([byte]));
    assert.equal(String(await read(stream, bytes.length)), String(bytes));
    const pong = await client.next();
    assert.deepEqual([pong.opcode, String(pong.payload)], [opcodes.pong, 'are you there']);
    stream.destroy();
  });

  test('frames that come with the handshake in one segment are read', async () => {
    const { stream } = await pair(Buffer.concat([clientFrame('a'), clientFrame('bc')]));
    assert.equal(String(await read(stream, 3)), 'abc');
    stream.destroy();
  });

  test('what is written leaves as unmasked binary frames, and nothing leaves before', async () => {
    const { client, stream } = await pair();
    client.write(clientFrame('x'));
    await read(stream, 1);
    assert.equal(client.unreadBytes, 0);
    stream.write(Buffer.from('hello'));
    stream.write(Buffer.alloc(70_000, 7));
    const first = await client.next();
    assert.deepEqual([first.opcode, first.isFinal, String(first.payload)], [opcodes.binary, true, 'hello']);
    assert.ok((await client.next()).payload.equals(Buffer.alloc(70_000, 7)));
    stream.destroy();
  });

  test('a text frame is refused with 1003 and its text is not handed on', async () => {
    const { client, stream, errors } = await pair();
    let received = '';
    stream.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    client.write(Buffer.concat([clientFrame('good'), clientFrame('bad', { opcode: opcodes.text }), clientFrame('late')]));
    const close = await client.next();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [opcodes.close, 1003]);
    assert.ok(stream.destroyed);
    assert.match(String(errors[0]), /text/);
    assert.doesNotMatch(received, /bad|late/);
    client.write(clientFrame(close.payload, { opcode: opcodes.close }));
    await client.rest();
  });

  for (const [what, bytes, code] of [
    [
      'a frame above the limit, from its header alone',
      clientFrame(Buffer.alloc(limits.messageBytesMax + 1)).subarray(0, 14),
      1009,
    ],
    [
      'fragments above the limit together',
      Buffer.concat([
        clientFrame(Buffer.alloc(limits.messageBytesMax), { isFinal: false }),
        clientFrame('x', { opcode: opcodes.continuation }),
      ]),
      1009,
    ],
    [
      'too many fragments',
      Buffer.concat([
        clientFrame('x', { isFinal: false }),
        ...Array.from({ length: limits.fragmentsMax }, () => clientFrame('x', { opcode: opcodes.continuation, isFinal: false })),
      ]),
      1008,
    ],
    ['an unmasked frame', clientFrame('x', { isMasked: false }), 1002],
    ['a reserved opcode', clientFrame('x', { opcode: 3 }), 1002],
    ['a continuation of nothing', clientFrame('x', { opcode: opcodes.continuation }), 1002],
  ] as const) {
    test(`${what} closes with ${code}`, async () => {
      const { client, stream } = await pair();
      stream.resume();
      client.write(bytes);
      const close = await client.next();
      assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [opcodes.close, code]);
      assert.ok(stream.destroyed);
      client.socket.destroy();
    });
  }

  test('a reader that pauses stops the socket, and everything is there when it goes on', async () => {
    const { client, stream } = await pair();
    stream.on('data', () => {}).pause();
    const sent = 40 * 1024 * 1024;
    const frame = clientFrame(Buffer.alloc(64 * 1024, 1));
    let hasStopped = false;
    for (let bytes = 0; bytes < sent; bytes += 64 * 1024) {
      if (client.socket.write(frame) || hasStopped) continue;
      // The kernel's buffers take some megabytes; then the writes stay with the client.
      hasStopped = await Promise.race([
        once(client.socket, 'drain').then(() => false),
        new Promise<true>((resolve) => setTimeout(resolve, 300, true)),
      ]);
    }
    assert.ok(hasStopped, 'the server went on reading');
    assert.ok(stream.readableLength < 1024 * 1024, `${stream.readableLength} bytes held`);
    let received = 0;
    stream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received === sent) stream.emit('all');
    });
    stream.resume();
    await once(stream, 'all');
    stream.destroy();
  });

  test('a peer that does not read shows in writableLength', async () => {
    const { client, stream } = await pair();
    client.socket.pause();
    for (let n = 0; n < 400; n++) stream.write(Buffer.alloc(64 * 1024));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(stream.writableLength > 1024 * 1024, String(stream.writableLength));
    stream.destroy();
    client.socket.destroy();
  });

  test('the end of the stream closes with 1000, and the answer ends the connection', async () => {
    const { client, stream } = await pair();
    stream.resume();
    stream.write(Buffer.from('bye'));
    stream.end();
    assert.equal(String((await client.next()).payload), 'bye');
    const close = await client.next();
    assert.deepEqual([close.opcode, close.payload.readUInt16BE(0)], [opcodes.close, 1000]);
    client.write(clientFrame(close.payload, { opcode: opcodes.close }));
    await Promise.all([client.rest(), once(stream, 'close')]);
  });

  test('a client that closes, politely or not, ends the stream', async () => {
    const polite = await pair();
    polite.stream.resume();
    polite.client.write(clientFrame(Buffer.from([0x03, 0xe8]), { opcode: opcodes.close }));
    await once(polite.stream, 'end');
    polite.stream.end(Buffer.from('nobody hears this'));
    await once(polite.stream, 'close');
    const rude = await pair();
    rude.stream.resume();
    rude.client.socket.destroy();
    await once(rude.stream, 'end');
    rude.stream.end();
    await once(rude.stream, 'close');
  });
});
