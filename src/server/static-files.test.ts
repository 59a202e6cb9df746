import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { serveStaticFiles } from './static-files.ts';

type Answer = { status: number; headers: IncomingHttpHeaders; body: Buffer };

describe('the built web app', () => {
  const cleanups: (() => void)[] = [];
  let ask: (path: string, options?: { method?: string; headers?: Record<string, string> }) => Promise<Answer>;

  before(async () => {
    const folder = temporaryDirectory({ after: (fn) => void cleanups.push(fn) });
    const built = join(folder, 'dist');
    mkdirSync(join(built, 'assets'), { recursive: true });
    writeFileSync(join(built, 'index.html'), '<!doctype html><title>page</title>');
    writeFileSync(join(built, 'homeport.svg'), '<svg/>');
    writeFileSync(join(built, 'assets/app-1a2b.js'), 'export const a = 1;\n'.repeat(100));
    writeFileSync(join(built, 'notes.unknown'), 'secret');
    writeFileSync(join(folder, 'outside.js'), 'secret');
    const server = createServer(serveStaticFiles(built));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    ask = (path, { method = 'GET', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part) => parts.push(part));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
          );
        });
        sent.on('error', reject).end();
      });
  });
  after(() => {
    for (const cleanup of cleanups) cleanup();
  });

  test('the page answers for every path of the app, a missing file does not', async () => {
    for (const path of ['/', '/index.html', '/devices', '/devices/a%2Fb?tab=raw', '/a/b/c/']) {
      const { status, headers, body } = await ask(path);
      assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8'], path);
      assert.match(body.toString(), /<title>page/);
      assert.equal(headers['cache-control'], 'no-cache');
    }
    for (const path of [
      '/gone.js',
      '/assets/gone-1.css',
      '/notes.unknown',
      '/assets/../../outside.js',
      '/%2e%2e/outside.js',
      '/..%2foutside.js',
    ]) {
      const { status, body } = await ask(path);
      assert.equal(status, 404, path);
      assert.equal(body.length, 0);
    }
  });

  test('a file with its hash in its name is kept for ever, others are asked for again', async () => {
    const { headers } = await ask('/assets/app-1a2b.js');
    assert.equal(headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8');
    const first = await ask('/homeport.svg');
    assert.equal(first.headers['cache-control'], 'no-cache');
    const again = await ask('/homeport.svg', { headers: { 'if-none-match': String(first.headers.etag) } });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    assert.match(String(again.headers['content-security-policy']), /^default-src 'self'/);
  });

  test('text is packed for those who can unpack it', async () => {
    const plain = await ask('/assets/app-1a2b.js');
    const packed = await ask('/assets/app-1a2b.js', { headers: { 'accept-encoding': 'br, gzip;q=0.5' } });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.equal(packed.headers['content-encoding'], 'gzip');
    assert.ok(packed.body.length < plain.body.length / 5);
    assert.deepEqual(gunzipSync(packed.body), plain.body);
    assert.equal(packed.headers.vary, 'accept-encoding');
  });

  test('HEAD tells the length and sends nothing; other methods are not for files', async () => {
    const { status, headers, body } = await ask('/homeport.svg', { method: 'HEAD' });
    assert.deepEqual([status, headers['content-length'], body.length], [200, '6', 0]);
    const posted = await ask('/homeport.svg', { method: 'POST' });
    assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
  });
});
