import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { eventually } from '#test/support/eventually.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import { makeServerIdentity } from '#test/support/sphere-installation.ts';
import { HttpsListener } from './https-listener.ts';
import { listenerLimits } from './limits.ts';

const clock = new ManualClock();
const platform = { clock, random: systemRandom, log: silentLog };
const limits = {
  ...listenerLimits,
  ...{ httpAnswerMsMax: 60_000, httpPipelinedMax: 600, handshakesMax: 5, httpHeaderBytesMax: 8_192, connectionsMax: 6 },
};

/** More than the buffers of a system take in for a peer that reads nothing. */
const endless = Buffer.alloc(64 * 1024 * 1024);

describe('the HTTPS listener', () => {
  let listener: HttpsListener;
  let port = 0;
  let ca = '';
  let answered: { url: string; response: ServerResponse }[] = [];
  /** How a request is answered, by the first word of its path. */
  const surfaces: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    // While the first takes its time the others pile up behind it.
    pile: ({ url }, response) => {
      const end = () => response.end(`${'x'.repeat(1_000)} ${url} `);
      if (url === '/pile/0') setTimeout(end, 50);
      else end();
    },
    endless: (_request, response) => response.end(endless),
    never: () => {},
    events: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(': open\n\n');
    },
  };

  before(async () => {
    const { certificatePem: certificate, privateKeyPem: key, caPem } = await makeServerIdentity();
    ca = caPem;
    listener = new HttpsListener({
      platform,
      address: '127.0.0.1',
      port: 0,
      identity: { rsa: { certificate, key }, ec: { certificate, key }, ca },
      limits,
      asksForCertificate: true,
      choose: (request) => (_request, response) => {
        const url = request.url ?? '';
        answered.push({ url, response });
        surfaces[url.split('/')[1] ?? '']?.(request, response);
      },
    });
    port = await listener.start();
  });
  after(() => listener.stop());

  async function dial(): Promise<TLSSocket> {
    answered = [];
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
    await once(socket, 'secureConnect');
    socket.on('error', () => undefined);
    return socket;
  }

  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX-Filler: ${'x'.repeat(200)}\r\n\r\n`;
  const closed = (socket: TLSSocket) => (socket.closed ? Promise.resolve() : once(socket.resume(), 'close'));

  test('requests sent ahead are all answered, in their order, however many come in one piece', async () => {
    const socket = await dial();
    const paths = Array.from({ length: 500 }, (_, index) => `/pile/${index}`);
    let text = '';
    const all = new Promise<void>((resolve, reject) => {
      socket.on('close', () => reject(new Error(`closed after ${text.match(/\/pile\/\d+ /g)?.length} answers`)));
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        if (text.endsWith('/pile/499 ')) resolve();
      });
    });
    socket.write(paths.map(get).join(''));
    await all;
    assert.deepEqual(
      text.match(/\/pile\/\d+ /g)?.map((path) => path.trim()),
      paths,
    );
    socket.destroy();
  });

  test('who sends more ahead than may wait for an answer is cut off', async () => {
    const socket = await dial();
    socket.write(get('/never').repeat(limits.httpPipelinedMax + 1));
    await closed(socket);
    assert.equal(answered.length, limits.httpPipelinedMax);
  });

  test('a peer that does not read its answer is cut off when its time is over, and not before', async () => {
    const socket = await dial();
    socket.pause();
    socket.write(get('/endless'));
    const { response } = await eventually(() => answered[0]);
    await eventually(() => (response.writableLength > 0 ? true : undefined));
    clock.advance(limits.httpAnswerMsMax - 4_000);
    assert.equal(response.destroyed, false);
    const gone = once(response, 'close');
    clock.advance(8_000);
    await gone;
    assert.equal(response.writableFinished, false);
    socket.destroy();
  });

  test('a request that waits for its answer, and an event stream that is read, last', async () => {
    const [waiting, stream] = [await dial(), await dial()];
    waiting.write(get('/never'));
    stream.write(get('/events'));
    const opened = await once(stream, 'data');
    assert.match(String(opened), /open/);
    await eventually(() => (answered.length === 2 ? true : undefined));
    clock.advance(10 * limits.httpAnswerMsMax);
    for (const { response } of answered) assert.equal(response.destroyed, false);
    waiting.destroy();
    stream.destroy();
  });

  test('on a full port connections without a request make room, and none with one', async () => {
    const waiting = await dial();
    waiting.write(get('/never'));
    const kept: TLSSocket[] = [];
    // How many it takes depends on whether the server has heard yet that those of other tests have gone.
    for (let socket = await dial().catch(() => undefined); socket; socket = await dial().catch(() => undefined)) {
      socket.write(get('/pile/1'));
      await once(socket, 'data');
      kept.push(socket);
    }
    assert.ok(kept.length < limits.connectionsMax);
    await Promise.all(kept.map(closed));
    const next = await dial();
    next.write(get('/pile/1'));
    await once(next, 'data');
    assert.equal(waiting.readyState, 'open');
    for (const socket of [waiting, next]) socket.destroy();
  });

  test('headers that are too large are refused and end the connection', async () => {
    const socket = await dial();
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(limits.httpHeaderBytesMax)}\r\n\r\n`);
    await closed(socket);
    assert.match(text, /^HTTP\/1\.1 431 /);
    assert.equal(answered.length, 0);
  });
});
