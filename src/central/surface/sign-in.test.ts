import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs } from '#base/instant.ts';
import { type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';

describe('signing in to Central', () => {
  let bench: CentralBench;
  before(async () => {
    bench = await openCentralBench();
  });
  after(() => bench.close());

  const codeOf = async () => (await bench.central.createSignInLink('https://home.test:8443/')).split('#')[1] ?? '';
  const exchange = (code: string, headers: Record<string, string> = {}) =>
    bench.ask('POST', '/api/ui/session', { body: { code }, headers });
  const whoAmI = (cookie: string, headers: Record<string, string> = {}) =>
    bench.ask('GET', '/api/ui/session', { cookie, headers });

  test('a sign-in link carries its code in the fragment, which no server is sent', async () => {
    const link = new URL(await bench.central.createSignInLink('https://home.test:8443/'));
    assert.equal(link.search, '');
    assert.equal(link.origin, 'https://home.test:8443');
    assert.ok(link.hash.length >= 43);
  });

  test('the code opens a session once, and the cookie is bound to host, TLS and site', async () => {
    const code = await codeOf();
    const answer = await exchange(code);
    assert.equal(answer.status, 204);
    const cookie = answer.headers['set-cookie']?.[0] ?? '';
    assert.match(cookie, /^__Host-homeport=[A-Za-z0-9_-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict; Max-Age=604800$/);
    const me = await whoAmI(cookie.split(';')[0] ?? '');
    assert.equal(me.status, 200);
    assert.equal(me.json.displayName, 'Administrator');
    assert.equal(me.json.idScope, bench.idScope);
    const again = await exchange(code);
    assert.equal(again.status, 401);
    assert.equal(again.headers['set-cookie'], undefined);
  });

  test('of two exchanges of one code at the same time, one succeeds', async () => {
    const code = await codeOf();
    const statuses = (await Promise.all([exchange(code), exchange(code)])).map(({ status }) => status);
    assert.deepEqual(statuses.sort(), [204, 401]);
  });

  test('a code is refused after ten minutes', async () => {
    const code = await codeOf();
    bench.clock.advance(10 * minuteMs);
    assert.equal((await exchange(code)).status, 401);
  });

  test('a code that was never issued is refused like a used one', async () => {
    const answer = await exchange('A'.repeat(43));
    assert.equal(answer.status, 401);
    assert.equal((answer.json.error as { code: string }).code, 'SignInCodeInvalid');
  });

  test('a page of another origin cannot exchange a code', async () => {
    const code = await codeOf();
    assert.equal((await exchange(code, { origin: 'https://evil.test' })).status, 403);
    assert.equal((await exchange(code, { 'sec-fetch-site': 'cross-site' })).status, 403);
    assert.equal((await exchange(code, { origin: bench.origin })).status, 204);
  });

  test('the database holds neither code nor cookie nor token', async () => {
    const code = await codeOf();
    const secret = (await bench.signIn()).split('=')[1] ?? '';
    const { token } = await bench.central.mintApiToken();
    const signature = decodeURIComponent(/sig=([^&]+)/.exec(token)?.[1] ?? '');
    const rows = JSON.stringify([
      await bench.database.selectFrom('central_sign_in').selectAll().execute(),
      await bench.database.selectFrom('central_session').selectAll().execute(),
      await bench.database.selectFrom('central_api_token').selectAll().execute(),
    ]);
    assert.ok(rows.includes('status-') && secret.length === 43 && signature.length === 44);
    for (const text of [code, secret, signature]) assert.ok(!rows.includes(text));
  });

  test('a session ends after eight idle hours, and use keeps it alive until the seventh day', async () => {
    const idle = await bench.signIn();
    bench.clock.advance(8 * hourMs - 1);
    assert.equal((await whoAmI(idle)).status, 200);
    bench.clock.advance(8 * hourMs);
    assert.equal((await whoAmI(idle)).status, 401);

    const busy = await bench.signIn();
    for (let day = 0; day < 7 * 4 - 1; day++) {
      bench.clock.advance(dayMs / 4);
      assert.equal((await whoAmI(busy)).status, 200);
    }
    bench.clock.advance(dayMs / 4);
    assert.equal((await whoAmI(busy)).status, 401);
  });

  test('signing out ends the session at once, and its event stream goes quiet', async () => {
    const cookie = await bench.signIn();
    const path = '/api/ui/events?device=d';
    const stream = await openEventStream(bench.port, { cookie, path });
    const other = await openEventStream(bench.port, { cookie: await bench.signIn(), path });
    const out = await bench.ask('DELETE', '/api/ui/session', { cookie, headers: { origin: bench.origin } });
    assert.equal(out.status, 204);
    assert.match(out.headers['set-cookie']?.[0] ?? '', /Max-Age=0/);
    assert.equal((await whoAmI(cookie)).status, 401);
    await bench.send('d', '{}');
    await other.next(({ event }) => event === 'changed');
    assert.equal(stream.received.length, 0);
    stream.close();
    other.close();
  });

  test('a request that changes something with a cookie needs an Origin of ours', async () => {
    const cookie = await bench.signIn();
    const put = (headers: Record<string, string>) =>
      bench.ask('PUT', '/api/devices/csrf-1?api-version=2022-07-31', { cookie, body: {}, headers });
    assert.equal((await put({})).status, 403);
    assert.equal((await put({ origin: 'https://evil.test' })).status, 403);
    assert.equal((await put({ origin: 'null' })).status, 403);
    assert.equal((await put({ origin: bench.origin.replace('https', 'http') })).status, 403);
    assert.equal((await put({ origin: bench.origin, 'sec-fetch-site': 'same-site' })).status, 403);
    assert.equal((await put({ origin: bench.origin, 'sec-fetch-site': 'same-origin' })).status, 200);
  });

  test('an event stream is refused to a page of another origin', async () => {
    const cookie = await bench.signIn();
    const answer = await bench.ask('GET', '/api/ui/events', { cookie, headers: { origin: 'https://evil.test' } });
    assert.equal(answer.status, 403);
  });

  test('a Host that is not configured is refused, with cookie, token or neither', async () => {
    const cookie = await bench.signIn();
    const { token } = await bench.central.mintApiToken();
    const headers = { host: `evil.test:${bench.port}` };
    assert.equal((await whoAmI(cookie, headers)).status, 403);
    assert.equal((await bench.ask('GET', '/api/ui/session', { token, headers })).status, 403);
    assert.equal((await exchange(await codeOf(), headers)).status, 403);
    const kept = await bench.refusals.list({ service: 'central' });
    assert.ok(kept.some(({ reason }) => reason === 'host-refused'));
  });

  test('two session cookies at once are none: a second one was planted', async () => {
    const cookie = await bench.signIn();
    assert.equal((await whoAmI(`${cookie}; __Host-homeport=${'A'.repeat(43)}`)).status, 401);
  });
});

describe('API tokens', () => {
  let bench: CentralBench;
  before(async () => {
    bench = await openCentralBench();
  });
  after(() => bench.close());

  const operator = 'ae2c9854-393b-4f97-8c42-479d70ce626e';
  const devices = (token: string) => bench.ask('GET', '/api/devices?api-version=2022-07-31', { token });

  test('central 79: a token is shown once, works, and gives 401 after deletion', async () => {
    const call = await bench.client();
    const made = await call('PUT', '/api/apiTokens/ci', { roles: [{ role: operator }] });
    assert.equal(made.status, 200);
    const token = String(made.json.token);
    assert.match(token, /^SharedAccessSignature sr=[^&]+&sig=[^&]+&skn=ci&se=\d+$/);
    assert.equal((await devices(token)).status, 200);
    const read = await call('GET', '/api/apiTokens/ci');
    assert.equal(read.json.token, undefined);
    assert.equal((await call('PUT', '/api/apiTokens/ci', { roles: [{ role: operator }] })).status, 409);
    assert.equal((await call('DELETE', '/api/apiTokens/ci')).status, 204);
    assert.equal((await devices(token)).status, 401);
    assert.equal((await call('DELETE', '/api/apiTokens/ci')).status, 404);
  });

  test('a token of status --secrets ends after 24 hours', async () => {
    const { token, tokenId } = await bench.central.mintApiToken();
    bench.clock.advance(dayMs - 1);
    assert.equal((await devices(token)).status, 200);
    bench.clock.advance(1);
    assert.equal((await devices(token)).status, 401);
    assert.ok((await bench.refusals.list({ subject: tokenId })).some(({ reason }) => reason === 'token-expired'));
  });

  test('a token with a changed signature, application or form is refused', async () => {
    const { token } = await bench.central.mintApiToken();
    const changed = [
      token.replace(/sig=[^&]+/, `sig=${encodeURIComponent(Buffer.alloc(32).toString('base64'))}`),
      token.replace(/sr=[^&]+/, 'sr=another-application'),
      `${token}&sr=twice`,
      token.replace(/&se=\d+/, ''),
      token.replace('SharedAccessSignature', 'Bearer'),
      'SharedAccessSignature ',
      `SharedAccessSignature ${'a'.repeat(5000)}`,
    ];
    for (const text of changed) assert.equal((await devices(text)).status, 401, text.slice(0, 80));
    assert.equal((await devices(token)).status, 200);
  });

  test('nobody makes a token stronger than their own', async () => {
    const call = await bench.client();
    const made = await call('PUT', '/api/apiTokens/op', { roles: [{ role: operator }] });
    const answer = await bench.ask('PUT', '/api/apiTokens/more?api-version=2022-07-31', {
      token: String(made.json.token),
      body: { roles: [{ role: 'ca310b8d-2f4a-44e0-a36e-957c202cd8d4' }] },
    });
    assert.equal(answer.status, 403);
    assert.equal(
      (await call('PUT', '/api/apiTokens/past', { roles: [{ role: operator }], expiry: '2020-01-01T00:00:00Z' })).status,
      400,
    );
    assert.equal((await call('PUT', '/api/apiTokens/none', { roles: [{ role: 'no-such-role' }] })).status, 400);
  });

  test('central 80: the roles include the three fixed ids', async () => {
    const call = await bench.client();
    const { json } = await call('GET', '/api/roles');
    const ids = (json.value as { id: string }[]).map(({ id }) => id);
    assert.deepEqual(ids.toSorted(), [
      '344138e9-8de4-4497-8c54-5237e96d6aaf',
      'ae2c9854-393b-4f97-8c42-479d70ce626e',
      'ca310b8d-2f4a-44e0-a36e-957c202cd8d4',
    ]);
  });
});

describe('permissions', () => {
  let bench: CentralBench;
  before(async () => {
    bench = await openCentralBench();
  });
  after(() => bench.close());

  test('every route but the sign-in lists a permission, and none answers without credentials', async () => {
    const { routes } = bench.central;
    assert.ok(routes.length >= 35, `${routes.length} routes`);
    const open = routes.filter(({ permission }) => permission === 'none').map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(open, ['POST /api/ui/session']);
    for (const { method, path, permission } of routes) {
      if (permission === 'none') continue;
      const answer = await bench.ask(method, path.replace(/:[A-Za-z]+/g, 'x'), { headers: { origin: bench.origin } });
      assert.equal(answer.status, 401, `${method} ${path}`);
    }
  });

  test('central 5: every route is refused with 403 to a role that lacks its permission', async () => {
    const call = await bench.client();
    const made = await call('PUT', '/api/apiTokens/operator', { roles: [{ role: 'ae2c9854-393b-4f97-8c42-479d70ce626e' }] });
    const token = String(made.json.token);
    const granted = new Set(['devices.read', 'devices.write', 'devices.command', 'devices.raw', 'templates.read']);
    let refused = 0;
    for (const { method, path, permission } of bench.central.routes) {
      if (granted.has(permission) || permission === 'none') continue;
      const answer = await bench.ask(method, path.replace(/:[A-Za-z]+/g, 'x'), { token });
      assert.equal(answer.status, 403, `${method} ${path}`);
      assert.equal(answer.headers['x-ms-error-code'], 'Forbidden');
      refused++;
    }
    assert.ok(refused >= 15, `${refused} routes`);
  });
});
