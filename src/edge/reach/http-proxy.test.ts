import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Problem } from '#base/problem.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { dialThroughProxy, loadProxy } from './http-proxy.ts';

const none = { path: 't', unknownKeys: [], read: () => undefined };
const proxyOf = (environment: Record<string, string>) => loadProxy(new TedgeSettings('/nowhere', none, environment));

test('a proxy has a host, a port and, if it asks, a user', () => {
  assert.equal(proxyOf({}), undefined);
  assert.deepEqual(proxyOf({ TEDGE_PROXY_ADDRESS: 'proxy.example:3128' }), {
    host: 'proxy.example',
    port: 3128,
    authorization: undefined,
  });
  const asking = { TEDGE_PROXY_ADDRESS: 'http://[::1]:8080', TEDGE_PROXY_USERNAME: 'u', TEDGE_PROXY_PASSWORD: 'p:q' };
  assert.deepEqual(proxyOf(asking), { host: '::1', port: 8080, authorization: 'Basic dTpwOnE=' });
});

for (const [address, says] of [
  ['https://proxy.example', /has the scheme https/],
  ['socks5://proxy.example:1080', /has the scheme socks5/],
  ['http://user:hidden@proxy.example', /names a user: that goes into proxy\.username/],
  ['http://proxy.example/path', /has a path/],
  ['http://', /is no address/],
  ['a b', /is no address/],
] as const) {
  test(`${address} is no proxy, and what is said holds no password`, () => {
    assert.throws(
      () => proxyOf({ TEDGE_PROXY_ADDRESS: address }),
      ({ message }: Problem) => {
        assert.match(message, says);
        assert.doesNotMatch(message, /hidden/);
        return true;
      },
    );
  });
}

/** A proxy that says `answer` to whatever it is asked, and ends the connection if it is told to. */
async function proxyThatSays(t: TestContext, answer: string, isEnded = false) {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      asked.push(String(chunk));
      if (isEnded) socket.end(answer);
      else socket.write(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as AddressInfo;
  return { asked, proxy: { host: '127.0.0.1', port, authorization: 'Basic x' } };
}

test('what follows the head of the answer is the other end’s, and nothing of it is lost', async (t) => {
  const { asked, proxy } = await proxyThatSays(t, 'HTTP/1.1 200 Fine\r\nVia: me\r\n\r\nhello');
  const { signal } = new AbortController();
  const socket = await dialThroughProxy(proxy, { host: '2001:db8::1', port: 8883, signal });
  t.after(() => socket.destroy());
  const [chunk] = await once(socket, 'data');
  assert.equal(String(chunk), 'hello');
  assert.match(
    asked.join(),
    /^CONNECT \[2001:db8::1\]:8883 HTTP\/1\.1\r\nHost: \[2001:db8::1\]:8883\r\nProxy-Authorization: Basic x\r\n\r\n$/,
  );
});

for (const [what, answer, isEnded, says] of [
  ['asks for a user', 'HTTP/1.1 407 Who?\r\n\r\n', false, /answered 407 to CONNECT hub\.example:8883/],
  ['is something else', 'SSH-2.0-OpenSSH\r\n\r\n', false, /something that is not HTTP/],
  ['never ends its head', `HTTP/1.1 200 Fine\r\n${'x'.repeat(17 * 1024)}`, false, /something that is not HTTP/],
  ['hangs up', '', true, /closed the connection/],
] as const) {
  test(`a proxy that ${what} is told of`, async (t) => {
    const { proxy } = await proxyThatSays(t, answer, isEnded);
    const { signal } = new AbortController();
    await assert.rejects(dialThroughProxy(proxy, { host: 'hub.example', port: 8883, signal }), says);
  });
}

test('a proxy that is silent is waited for until the signal, and one that is away is named', async (t) => {
  const { proxy, asked } = await proxyThatSays(t, '');
  const stop = new AbortController();
  const dialled = dialThroughProxy(proxy, { host: 'hub.example', port: 8883, signal: stop.signal });
  const refused = assert.rejects(dialled, /did not answer in time/);
  while (asked.length === 0) await new Promise(setImmediate);
  stop.abort();
  await refused;
  const away = { ...proxy, host: '127.0.0.1', port: 1 };
  const { signal } = new AbortController();
  await assert.rejects(
    dialThroughProxy(away, { host: 'h', port: 1, signal }),
    /The proxy 127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
  );
});
