import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bindHttps } from './bind-https.ts';
import { StartRefused } from './start-refused.ts';

const ports = { address: '127.0.0.1', wanted: 443, fallback: 8444, people: 9443 };

/** Listeners that fail as the system would; what is not named can be bound. */
function listeners(failures: Record<number, string>) {
  const asked: number[] = [];
  const make = (port: number) => ({
    port,
    async start() {
      asked.push(port);
      const code = failures[port];
      if (code) throw Object.assign(new Error(`listen ${code}`), { code });
      return port;
    },
  });
  return { asked, make };
}

describe('the port of devices and services', () => {
  test('is bound without a word where it can be', async () => {
    const { asked, make } = listeners({});
    const bound = await bindHttps(make, ports);
    assert.deepEqual([bound.port, bound.listener.port, bound.notice, asked], [443, 443, undefined, [443]]);
  });

  test('where it may not be bound one line says so with the fix, and the fallback is served', async () => {
    const { asked, make } = listeners({ 443: 'EACCES' });
    const bound = await bindHttps(make, ports);
    assert.deepEqual([bound.port, bound.listener.port, asked], [8444, 8444, [443, 8444]]);
    assert.equal(
      bound.notice,
      'Port 443 may not be bound; devices and services use 8444, people 9443 as always. To mend it: sudo sysctl net.ipv4.ip_unprivileged_port_start=443',
    );
  });

  test('with both taken the start is refused, about the fallback', async () => {
    await assert.rejects(bindHttps(listeners({ 443: 'EACCES', 8444: 'EADDRINUSE' }).make, ports), (error) => {
      assert.ok(error instanceof StartRefused);
      assert.equal(error.message, 'Port 8444 of 127.0.0.1 is taken.');
      assert.match(error.fix ?? '', /sport = :8444/);
      return true;
    });
  });

  test('with no other fallback, or for another failure, the start is refused and nothing else is tried', async () => {
    const same = listeners({ 443: 'EACCES' });
    await assert.rejects(bindHttps(same.make, { ...ports, fallback: 443 }), { message: 'Port 443 may not be bound.' });
    const absent = listeners({ 443: 'EADDRNOTAVAIL' });
    await assert.rejects(bindHttps(absent.make, ports), { message: 'This machine has no address 127.0.0.1.' });
    const broken = listeners({ 443: 'EMFILE' });
    await assert.rejects(bindHttps(broken.make, ports), /Port 443 of 127\.0\.0\.1 could not be opened: Error: listen EMFILE/);
    assert.deepEqual([same.asked, absent.asked, broken.asked], [[443], [443], [443]]);
  });
});
