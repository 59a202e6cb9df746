import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect } from 'node:tls';
import { type CentralClient, openCentralClient } from '#test/support/central-client.ts';
import { askHttps } from '#test/support/https-client.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

const assets = join(import.meta.dirname, '../../web/dist/assets');
const query = 'api-version=2022-07-31';

/** Goal: what a hostile page, name or link can make a browser do at the port of people is nothing. */
describe('the port of people', () => {
  let home: RunningHomeport;
  let central: CentralClient;
  let url: string;
  let cookie: string;

  before(async () => {
    home = await startHomeport();
    central = await openCentralClient(home);
    url = home.status.central.url;
    const code = new URL((await home.ok('homeport', ['sign-in'])).trim()).hash.slice(1);
    const opened = await askHttps(`${url}/api/ui/session`, home.ca, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify({ code }),
    });
    cookie = String(opened.headers['set-cookie']).split(';', 1)[0] ?? '';
    assert.match(cookie, /^__Host-homeport=/);
  });
  after(() => home.close());

  const ask = (path: string, options: Parameters<typeof askHttps>[2] = {}) => askHttps(url + path, home.ca, options);

  test('every page and file says that nothing may come from anywhere else', async () => {
    const files = readdirSync(assets).map((name) => `/assets/${name}`);
    assert.ok(files.length >= 2, `saw ${files.length} built files`);
    for (const path of ['/', '/sign-in', '/devices/some-device', '/nothing.png', ...files]) {
      const { headers, status } = await ask(path);
      assert.equal(status, path === '/nothing.png' ? 404 : 200, path);
      assert.match(String(headers['content-security-policy']), /^default-src 'self';/, path);
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:|\*/, path);
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
    }
    const page = await ask('/');
    assert.doesNotMatch(page.text, /<script(?![^>]*\bsrc=)|\son\w+=|https?:\/\//, 'no inline script, nothing from elsewhere');
  });

  test('no path leads out of the built app', async () => {
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/assets/..%2f..%2fpackage.json',
      '/..\\package.json',
      '/%00.html',
    ]) {
      const { status, text } = await rawGet(home, path);
      assert.ok([200, 400, 404].includes(status), `${path} answered ${status}`);
      assert.doesNotMatch(text, /"name": "homeport"/, path);
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'TRACE']) assert.equal((await ask('/', { method })).status, 405, method);
  });

  test('a Host that is not ours is refused with the cookie and with a token', async () => {
    const own = await ask(`/api/devices?${query}`, { headers: { cookie } });
    assert.equal(own.status, 200);
    const { apiToken } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])).central;
    for (const host of ['evil.example', 'evil.example:8443', `${home.address}.evil.example`, 'localhost.']) {
      for (const credential of [{ cookie }, { authorization: apiToken as string }]) {
        const { status, text } = await ask(`/api/devices?${query}`, { headers: { ...credential, host } });
        assert.equal(status, 403, `${host} answered ${text}`);
        assert.doesNotMatch(text, /"value"/);
      }
      const signIn = await ask('/api/ui/session', {
        method: 'POST',
        headers: { host, 'content-type': 'application/json' },
        body: '{"code":"x"}',
      });
      assert.equal(signIn.status, 403, `signing in at ${host}`);
    }
    const { stdout } = await home.run('homeport', ['refusals', '--service', 'central', '--json']);
    assert.ok(
      (JSON.parse(stdout) as { reason: string; detail: string }[]).some(
        ({ reason, detail }) => reason === 'host-refused' && detail.includes('evil.example'),
      ),
      'the operator can read why',
    );
  });

  test('a change with the cookie needs our own Origin; one that another page caused is refused and changes nothing', async () => {
    const put = (headers: Record<string, string>) =>
      ask(`/api/enrollmentGroups/crossed?${query}`, {
        method: 'PUT',
        headers: { cookie, 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ displayName: 'Crossed', type: 'iot', attestation: { type: 'x509' } }),
      });
    for (const headers of [
      {},
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: url.replace('https:', 'http:') },
      { origin: `${url}.evil.example` },
      { origin: `https://${home.address}:1` },
      { origin: url, 'sec-fetch-site': 'cross-site' },
      { origin: url, 'sec-fetch-site': 'same-site' },
    ])
      assert.equal((await put(headers)).status, 403, JSON.stringify(headers));
    assert.equal((await central.call('GET', '/api/enrollmentGroups/crossed')).status, 404);
    assert.equal((await put({ origin: url, 'sec-fetch-site': 'same-origin' })).status, 200);
    assert.equal((await central.call('GET', '/api/enrollmentGroups/crossed')).status, 200);
  });

  test('an event stream that another page opens is refused', async () => {
    for (const headers of [{ origin: 'https://evil.example' }, { 'sec-fetch-site': 'cross-site' }])
      assert.equal((await ask('/api/ui/events', { headers: { cookie, ...headers } })).status, 403, JSON.stringify(headers));
    assert.equal((await ask('/api/ui/events')).status, 401);
  });

  test('a page of another site cannot sign a browser in', async () => {
    const code = new URL((await home.ok('homeport', ['sign-in'])).trim()).hash.slice(1);
    const spend = (origin: string) =>
      ask('/api/ui/session', {
        method: 'POST',
        headers: { origin, 'content-type': 'application/json' },
        body: JSON.stringify({ code }),
      });
    const crossed = await spend('https://evil.example');
    assert.deepEqual([crossed.status, crossed.headers['set-cookie']], [403, undefined]);
    assert.equal((await spend(url)).status, 204, 'the code was not used up');
  });

  test('signing out ends the session on the server, not only in the browser', async () => {
    const code = new URL((await home.ok('homeport', ['sign-in'])).trim()).hash.slice(1);
    const headers = { origin: url, 'content-type': 'application/json' };
    const opened = await ask('/api/ui/session', { method: 'POST', headers, body: JSON.stringify({ code }) });
    const mine = String(opened.headers['set-cookie']).split(';', 1)[0] ?? '';
    assert.equal((await ask('/api/ui/session', { headers: { cookie: mine } })).status, 200);
    const ended = await ask('/api/ui/session', { method: 'DELETE', headers: { origin: url, cookie: mine } });
    assert.equal(ended.status, 204);
    assert.match(String(ended.headers['set-cookie']), /^__Host-homeport=; .*Max-Age=0/);
    assert.equal((await ask('/api/ui/session', { headers: { cookie: mine } })).status, 401);
  });

  test('it asks for no client certificate, the port of devices does; both present a key of the kind the client knows', async () => {
    const peek = (port: number, ciphers: string) =>
      new Promise<string>((resolve, reject) => {
        const options = { host: home.address, port, ca: home.ca, servername: '', maxVersion: 'TLSv1.2', ciphers } as const;
        const socket = connect(options, () => {
          resolve(socket.getPeerX509Certificate()?.publicKey.asymmetricKeyType ?? '');
          socket.destroy();
        });
        socket.once('error', reject);
      });
    const { mqttPort, httpsPort } = home.status.hub;
    for (const port of [mqttPort, httpsPort, 8443]) {
      assert.equal(await peek(port, 'ECDHE-RSA-AES128-GCM-SHA256'), 'rsa', `port ${port}`);
      assert.equal(await peek(port, 'ECDHE-ECDSA-AES128-GCM-SHA256'), 'ec', `port ${port}`);
      const words = ['s_client', '-connect', `${home.address}:${port}`, '-tls1_2'];
      const { stderr, stdout } = spawnSync('openssl', words, { input: '', encoding: 'utf8' });
      assert.match(stdout, /CONNECTED/, stderr);
      assert.equal(stdout.includes('Client Certificate Types:'), port !== 8443, `port ${port} asks for a certificate\n${stdout}`);
    }
    await assert.rejects(
      new Promise((resolve, reject) => {
        connect({ host: home.address, port: 8443, ca: home.ca, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', servername: '' }, () =>
          resolve(0),
        ).once('error', reject);
      }),
      'TLS 1.1 is not spoken',
    );
  });
});

/** A path exactly as given; URL would tidy it. */
function rawGet(home: RunningHomeport, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host: home.address, port: 8443, ca: home.ca, servername: '' }, () =>
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${home.address}:8443\r\nconnection: close\r\n\r\n`),
    );
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }));
  });
}
