import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { Problem } from '#base/problem.ts';
import { systemRandom } from '#base/random.ts';
import { Secret } from '#base/secret.ts';
import { listenFor, makeServerIdentity } from '#test/support/sphere-installation.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { answerBytesMax, Outgoing, type OutgoingOptions, type OutgoingReason } from './outgoing.ts';

const platform = { clock: systemClock, random: systemRandom, log: silentLog };
const here = ['127.0.0.1'];

/** A hook on plain HTTP that notes what it is asked. */
async function openHook(t: TestContext, answer: RequestListener = (_request, response) => response.end('{}')) {
  const seen: { url: string | undefined; host: string | undefined; contentType: string | undefined; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { url, headers } = request;
      seen.push({ url, host: headers.host, contentType: headers['content-type'], body });
      answer(request, response);
    });
  });
  return { port: await listenFor(t, server, 0), seen };
}

const open = (options: Partial<OutgoingOptions> = {}) => new Outgoing({ platform, allowed: here, allowHttp: true, ...options });
const post = (outgoing: Outgoing, url: string) => outgoing.post({ url: new Secret(url), json: { a: 1 } });
const because = (reason: OutgoingReason) => (error: unknown) =>
  error instanceof Problem && error.code === 'unavailable' && error.reason === reason;

test('JSON is posted to the URL with its query, and the answer comes back whatever its status', async (t) => {
  const { port, seen } = await openHook(t, (_request, response) => response.writeHead(418).end('{"b":2}'));
  const { status, body } = await post(open(), `http://127.0.0.1:${port}/hook?code=x%20y`);
  assert.equal(status, 418);
  assert.equal(body.toString(), '{"b":2}');
  const [asked] = seen;
  assert.equal(asked?.url, '/hook?code=x%20y');
  assert.equal(asked?.body, '{"a":1}');
  assert.match(asked?.contentType ?? '', /^application\/json/);
});

test('what stands at a URL is fetched without a body, by the same rules', async (t) => {
  const asked: string[] = [];
  const { port } = await openHook(t, (request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers['content-length']}`);
    response.writeHead(200, { 'content-type': 'application/pkix-crl' }).end(Buffer.of(0x30, 0x00));
  });
  const { status, body } = await open().get(new Secret(`http://127.0.0.1:${port}/ca.crl`));
  assert.deepEqual([status, body], [200, Buffer.of(0x30, 0x00)]);
  assert.deepEqual(asked, ['GET /ca.crl undefined']);
  await assert.rejects(open({ allowed: [] }).get(new Secret(`http://127.0.0.1:${port}/`)), because('target-refused'));
  await assert.rejects(open({ allowHttp: false }).get(new Secret(`http://127.0.0.1:${port}/`)), because('target-refused'));
});

test('over TLS the name is verified against the CA that is trusted, and a stranger is not talked to', async (t) => {
  const identity = await makeServerIdentity();
  const asked: string[] = [];
  const server = createSecureServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (request, response) => {
    asked.push(request.url ?? '');
    response.end('{}');
  });
  const port = await listenFor(t, server, 0);
  const { status } = await post(open({ ca: identity.caPem, allowHttp: false }), `https://127.0.0.1:${port}/`);
  assert.equal(status, 200);
  await assert.rejects(post(open({ allowHttp: false }), `https://127.0.0.1:${port}/`), because('target-unreachable'));
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const elsewhere = open({ ca: identity.caPem, resolve });
  await assert.rejects(post(elsewhere, `https://other.example:${port}/`), because('target-unreachable'));
  assert.equal((await post(elsewhere, `https://localhost:${port}/`)).status, 200);
  assert.deepEqual(asked, ['/', '/']);
});

test('without TLS nothing is sent unless the operator allowed it', async (t) => {
  const { port, seen } = await openHook(t);
  await assert.rejects(post(open({ allowHttp: false }), `http://127.0.0.1:${port}/`), because('target-refused'));
  assert.equal(seen.length, 0);
});

test('an address inside is refused, written out or behind a name, unless it is on the list', async (t) => {
  const { port, seen } = await openHook(t);
  const strict = open({ allowed: [], resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]', 'hook.example', '169.254.169.254']) {
    await assert.rejects(post(strict, `http://${host}:${port}/`), because('target-refused'), host);
  }
  assert.equal(seen.length, 0);
  assert.equal((await post(open(), `http://127.0.0.1:${port}/`)).status, 200);
});

test('a name is refused when any of its addresses is', async (t) => {
  const { port, seen } = await openHook(t);
  const resolve = async () => [
    { address: '127.0.0.1', family: 4 },
    { address: '10.0.0.1', family: 4 },
  ];
  await assert.rejects(post(open({ resolve }), `http://hook.example:${port}/`), because('target-refused'));
  assert.equal(seen.length, 0);
});

test('a name is resolved once, and the address that was looked at is the one connected to', async (t) => {
  const { port, seen } = await openHook(t);
  let asked = 0;
  // A name that points somewhere else as soon as somebody looks again.
  const resolve = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 }];
  const outgoing = open({ allowed: ['127.0.0.1', '127.0.0.2'], resolve });
  assert.equal((await post(outgoing, `http://hook.example:${port}/`)).status, 200);
  assert.equal(asked, 1);
  assert.equal(seen[0]?.host, `hook.example:${port}`);
});

test('a name is looked up as the system does it, and each of its addresses may answer', async (t) => {
  const { port, seen } = await openHook(t);
  assert.equal((await post(open({ allowed: ['127.0.0.0/8', '::1'] }), `http://localhost:${port}/`)).status, 200);
  assert.equal(seen[0]?.host, `localhost:${port}`);
  await assert.rejects(post(open({ allowed: [] }), `http://localhost:${port}/`), because('target-refused'));
  await assert.rejects(post(open(), `http://nobody.invalid:${port}/`), because('target-unreachable'));
  assert.equal(seen.length, 1);
});

test('a name that does not resolve, and a port that nobody listens on, are unreachable', async (t) => {
  const resolve = async () => {
    throw new Error('ENOTFOUND');
  };
  await assert.rejects(post(open({ resolve }), 'http://nobody.example/'), because('target-unreachable'));
  const server = createServer();
  const port = await listenFor(t, server, 0);
  await new Promise((done) => server.close(done));
  await assert.rejects(post(open(), `http://127.0.0.1:${port}/`), because('target-unreachable'));
});

test('a redirect is an answer: it is not followed', async (t) => {
  const { port, seen } = await openHook(t, (_request, response) => response.writeHead(307, { location: '/elsewhere' }).end());
  assert.equal((await post(open(), `http://127.0.0.1:${port}/`)).status, 307);
  assert.deepEqual(
    seen.map(({ url }) => url),
    ['/'],
  );
});

test('after 10 s the call is given up, whether headers or the rest are missing', async (t) => {
  for (const begin of [() => {}, (response: { write(text: string): void }) => response.write('{')]) {
    const moved = testPlatform();
    const { port } = await openHook(t, (_request, response) => {
      begin(response);
      moved.clock.advance(9_999);
      setImmediate(() => moved.clock.advance(1));
    });
    await assert.rejects(post(open({ platform: moved }), `http://127.0.0.1:${port}/`), because('target-timeout'));
  }
});

test('looking up the name counts into the 10 s', async () => {
  const moved = testPlatform();
  const resolve = () => new Promise<never>(() => moved.clock.advance(10_000));
  await assert.rejects(post(open({ platform: moved, resolve }), 'http://hook.example/'), because('target-timeout'));
});

test('an answer of 1 MiB is taken, and not a byte more, whether it says its length or not', async (t) => {
  const { port } = await openHook(t, (request, response) => {
    const length = answerBytesMax + (request.url === '/full' ? 0 : 1);
    if (request.url !== '/chunked') response.setHeader('content-length', length);
    response.end(Buffer.alloc(length, ' '));
  });
  assert.equal((await post(open(), `http://127.0.0.1:${port}/full`)).body.length, answerBytesMax);
  for (const path of ['more', 'chunked']) {
    await assert.rejects(post(open(), `http://127.0.0.1:${port}/${path}`), because('answer-too-large'), path);
  }
});

test('an answer that breaks off is no answer', async (t) => {
  const { port } = await openHook(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('{');
    setImmediate(() => response.destroy());
  });
  await assert.rejects(post(open(), `http://127.0.0.1:${port}/`), because('target-unreachable'));
});

test('64 calls at a time, and the next when one of them is over', async (t) => {
  const waiting: (() => void)[] = [];
  const { port, seen } = await openHook(t, (_request, response) => waiting.push(() => response.end('{}')));
  const outgoing = open();
  const calls = Promise.all(Array.from({ length: 64 }, () => post(outgoing, `http://127.0.0.1:${port}/`)));
  await assert.rejects(post(outgoing, `http://127.0.0.1:${port}/`), because('too-many-calls'));
  while (seen.length < 64) await new Promise(setImmediate);
  for (const answer of waiting.splice(0)) answer();
  await calls;
  const last = post(outgoing, `http://127.0.0.1:${port}/`);
  while (waiting.length === 0) await new Promise(setImmediate);
  waiting[0]?.();
  assert.equal((await last).status, 200);
});

test('a URL is checked before it is kept: its scheme, its length, no credentials', () => {
  const outgoing = open({ allowHttp: false });
  assert.equal(outgoing.checkUrl('https://hook.example/a?code=1').host, 'hook.example');
  for (const url of [
    '',
    'hook.example',
    'http://hook.example/',
    'file:///etc/passwd',
    'https://me:secret@hook.example/',
    'https://me@hook.example/',
    `https://hook.example/${'x'.repeat(2_048)}`,
  ]) {
    assert.throws(
      () => outgoing.checkUrl(url),
      (error) => error instanceof Problem && error.code === 'argument-invalid',
      url,
    );
  }
  assert.equal(open().checkUrl('http://hook.example/').protocol, 'http:');
});

test('no failure tells the path or the query, where secrets stand', async (t) => {
  const { port } = await openHook(t, (_request, response) => response.destroy());
  const failures: Problem[] = [];
  for (const [outgoing, url] of [
    [open(), `http://127.0.0.1:${port}/path-secret?code=query-secret`],
    [open({ allowed: [] }), `http://127.0.0.1:${port}/path-secret?code=query-secret`],
    [open({ allowHttp: false }), `http://127.0.0.1:${port}/path-secret?code=query-secret`],
  ] as const) {
    await post(outgoing, url).catch((error) => failures.push(error));
  }
  assert.equal(failures.length, 3);
  for (const { message, cause } of failures) assert.doesNotMatch(`${message} ${String(cause)}`, /secret/);
});

test('a broker is dialled by the same rules: no address inside, no plain line, none that is not there, within 10 s', async (t) => {
  const server = createTcpServer((socket) => socket.resume().on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const socket = await open().connect({ hostName: '127.0.0.1', port, isTls: false });
  socket.destroy();
  await assert.rejects(open({ allowed: [] }).connect({ hostName: '127.0.0.1', port, isTls: false }), because('target-refused'));
  const behindName = open({ allowed: [], resolve: async () => [{ address: '127.0.0.1', family: 4 }] });
  await assert.rejects(behindName.connect({ hostName: 'broker.example', port, isTls: false }), because('target-refused'));
  await assert.rejects(open().connect({ hostName: '127.0.0.1', port: 1, isTls: false }), because('target-unreachable'));
  const stuck = testPlatform();
  const waiting = open({ platform: stuck }).connect({ hostName: '127.0.0.1', port, isTls: true });
  const late = assert.rejects(waiting, because('target-timeout'));
  await new Promise((resolve) => server.once('connection', resolve));
  stuck.clock.advance(10_000);
  await late;
});

test('over TLS the name of a broker is verified, and a stranger is not talked to', async (t) => {
  const identity = await makeServerIdentity();
  const ca = identity.caPem;
  const server = createTlsServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (socket) => socket.resume());
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const resolve = async () => [{ address: '127.0.0.1', family: 4 }];
  const socket = await open({ ca, resolve }).connect({ hostName: '127.0.0.1', port, isTls: true });
  socket.destroy();
  const other = open({ ca, resolve }).connect({ hostName: 'other.example', port, isTls: true });
  await assert.rejects(other, because('target-unreachable'));
  await assert.rejects(open().connect({ hostName: '127.0.0.1', port, isTls: true }), because('target-unreachable'));
});

test('a broker is checked before it is kept: its scheme, host, nothing behind it', () => {
  assert.deepEqual(open().checkBroker('amqps://a%40b:p%3Aw@broker.example'), {
    hostName: 'broker.example',
    port: 5671,
    isTls: true,
    user: { name: 'a@b', password: 'p:w' },
  });
  assert.equal(open().checkBroker('amqp://broker.example/').port, 5672);
  const strict = open({ allowHttp: false });
  for (const text of [
    'amqp://broker.example',
    'https://broker.example',
    'amqps://broker.example/x',
    'amqps://broker.example?a=b',
    'amqps://%zz@broker.example',
    'x',
  ]) {
    assert.throws(() => strict.checkBroker(text), { code: 'argument-invalid' }, text);
  }
});
