import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { z } from 'zod';
import { testPlatform } from '#test/support/test-platform.ts';
import { buildHttpHandler, type HttpService } from './fastify.ts';
import { defineRoute, type Reply } from './route.ts';

const route = defineRoute<undefined, never>();

describe('routes behind the one HTTP library', () => {
  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close().closeAllConnections();
  });

  async function serve(handle: () => Promise<Reply>, options: Partial<HttpService<undefined, never>> = {}): Promise<Server> {
    const path = '/things/:id';
    const handler = await buildHttpHandler<undefined, never>(testPlatform(), {
      name: 'test',
      routes: [
        route({ method: 'GET', path, permission: 'none', summary: '', handle }),
        route({ method: 'PUT', path, permission: 'none', summary: '', body: z.json(), handle }),
      ],
      authenticate: async () => undefined,
      renderProblem: ({ code }) => ({ status: code === 'internal' ? 500 : 400, json: { ours: code } }),
      headers: { 'x-content-type-options': 'nosniff' },
      ...options,
    });
    const server = createServer(handler);
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  const open = (server: Server, method: string, path: string, headers: Record<string, string> = {}) =>
    httpRequest({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, method, path, headers });

  async function ask(server: Server, method: string, path: string, headers?: Record<string, string>, body?: string) {
    const request = open(server, method, path, headers).end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString();
    return { status: response.statusCode, headers: response.headers, text };
  }

  const ok = async (): Promise<Reply> => ({ json: { ok: true } });

  test('a URL that cannot be read is answered in the words of the service', async () => {
    const server = await serve(ok);
    for (const path of ['/things/%zz', `/things/${'x'.repeat(600)}`, '/things/a%00b', '/things/a?after=%00']) {
      const answer = await ask(server, 'GET', path);
      assert.deepEqual([answer.status, answer.text], [400, '{"ours":"malformed"}'], path);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
    }
  });

  for (const type of [';;;', '/', 'a b/c']) {
    test(`the Content-Type ${JSON.stringify(type)} is the caller's mistake and not ours`, async () => {
      const answer = await ask(await serve(ok), 'PUT', '/things/1', { 'content-type': type }, '{}');
      assert.deepEqual([answer.status, answer.text], [400, '{"ours":"unsupported-media-type"}']);
    });
  }

  test('a client that leaves in the middle of its body is no failure of ours', async () => {
    const [asked, rendered] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    const server = await serve(ok, {
      async authenticate() {
        asked.resolve();
        return undefined;
      },
      renderProblem({ code }) {
        rendered.resolve(code);
        return { status: 400, json: {} };
      },
    });
    const request = open(server, 'PUT', '/things/1', { 'content-length': '100' }).on('error', () => undefined);
    request.write('{');
    await asked.promise;
    request.destroy();
    assert.equal(await rendered.promise, 'malformed');
  });

  test('an event stream whose reader went away before it began is ended', async () => {
    const [asked, gone, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const server = await serve(async () => ({ events: () => ended.resolve }), {
      async authenticate({ raw }) {
        raw.socket.once('close', gone.resolve);
        asked.resolve();
        await gone.promise;
        return undefined;
      },
    });
    const request = open(server, 'GET', '/things/1').on('error', () => undefined);
    request.end();
    await asked.promise;
    request.destroy();
    await ended.promise;
  });

  test('an event stream ends when the subscription says so, and what is sent afterwards goes nowhere', async () => {
    let send: (event: string, data: unknown) => void = () => assert.fail('nobody subscribed');
    let close = () => {};
    const server = await serve(async () => ({
      events(sender, closer) {
        [send, close] = [sender, closer];
        return () => {};
      },
    }));
    const request = open(server, 'GET', '/things/1').end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    send('a', 1);
    close();
    send('b', 2);
    assert.equal(Buffer.concat(await response.toArray()).toString(), ': open\n\nevent: a\ndata: 1\n\n');
  });

  test('HEAD of an event stream subscribes nobody', async () => {
    const server = await serve(async () => ({ events: () => assert.fail('HEAD subscribed') }));
    assert.equal((await ask(server, 'HEAD', '/things/1')).status, 200);
  });
});
