import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { dialTcp, serveTcp } from './tcp.ts';

test('an attempt to connect leaves nothing behind on its signal, whether somebody listens or nobody does', async (t) => {
  const server = serveTcp((socket) => socket.destroy());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { signal } = new AbortController();
  (await dialTcp('127.0.0.1', (server.address() as AddressInfo).port, signal)).destroy();
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  await assert.rejects(dialTcp('127.0.0.1', 1, signal), { code: 'ECONNREFUSED' });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});
