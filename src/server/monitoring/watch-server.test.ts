import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaCertificate } from '#authorities/ca-certificate.ts';
import { Health } from '#base/health.ts';
import { dayMs, plus } from '#base/instant.ts';
import { openDatabase } from '#storage/database.ts';
import { makeCa } from '#test/support/certificates.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type WatchedServer, watchServer } from './watch-server.ts';

const gibibyte = 1024 ** 3;
type Cleanup = { after(fn: () => Promise<void>): void };
type Ground = Partial<Pick<WatchedServer, 'hubs' | 'revocationLists' | 'revocationSources' | 'readDisk'>> & { offsetMs?: number };

/** What is told of a server in which all is well but for what is given. */
async function told(t: Cleanup, { offsetMs = 0, ...given }: Ground = {}, daysLeft = 400): Promise<string[]> {
  const health = new Health();
  const { clock, ...platform } = testPlatform();
  const moved = Object.assign(clock, { offsetMs });
  const database = await openDatabase('sqlite::memory:');
  t.after(() => database.destroy());
  const now = clock.now();
  const certificate = makeCa({ notBefore: plus(now, -dayMs), notAfter: plus(now, daysLeft * dayMs) });
  const present = { certificate: certificate.pem, key: '' };
  watchServer({
    platform: { ...platform, clock: moved, health },
    directory: '/data',
    database,
    hubs: { list: () => [] },
    revocationLists: { list: () => [], hasEnded: () => false },
    revocationSources: { list: () => [] },
    identity: () => ({ rsa: present, ec: present, ca: makeCa({ notAfter: plus(now, 4_000 * dayMs) }).pem }),
    readDisk: async () => ({ freeBytes: 80 * gibibyte, bytes: 100 * gibibyte }),
    ...given,
  });
  return (await health.report()).concerns.map(({ part, state, says }) => `${part} ${state}: ${says}`);
}

test('of a server that is well nothing is told', async (t) => {
  assert.deepEqual(await told(t), []);
});

test('a disk is nearly full below a tenth and ten GiB, and too full below half a GiB', async (t) => {
  const withDisk = (freeBytes: number, bytes: number) => told(t, { readDisk: async () => ({ freeBytes, bytes }) });
  assert.deepEqual(await withDisk(20 * gibibyte, 1_000 * gibibyte), []);
  assert.deepEqual(await withDisk(5 * gibibyte, 20 * gibibyte), []);
  assert.deepEqual(await withDisk(gibibyte, 20 * gibibyte), ['disk degraded: The disk of /data has 1024 MiB left of 20480.']);
  assert.deepEqual(await withDisk(gibibyte / 4, 20 * gibibyte), ['disk failed: The disk of /data has 256 MiB left of 20480.']);
});

test('the end of the server’s certificate is told a month before, and when it has come', async (t) => {
  const [soon] = await told(t, {}, 12.5);
  assert.match(soon ?? '', /^certificates degraded: The server’s own certificate ends in 12 days, on /);
  const [over] = await told(t, {}, -0.5);
  assert.match(over ?? '', /^certificates failed: The server’s own certificate ended on /);
});

test('the end of a verified CA is told with its name and its hub; one that lets nobody in is passed over', async (t) => {
  const notAfter = plus(testPlatform().clock.now(), 3.5 * dayMs);
  const authorities = [
    { certificateId: 'floor-2', isVerified: true, notAfter },
    { certificateId: 'unproven', isVerified: false, notAfter },
  ] as CaCertificate[];
  const hub = { name: 'main', authorities: { list: async () => authorities } };
  const lines = await told(t, { hubs: { list: () => [hub] as unknown as ReturnType<WatchedServer['hubs']['list']> } });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^certificates degraded: The CA certificate floor-2 of the hub main ends in 3 days, on /);
});

test('a revocation list that ended, and one that cannot be fetched', async (t) => {
  const list = { signer: { subject: 'CN=Floor 2' } } as unknown as ReturnType<WatchedServer['revocationLists']['list']>[number];
  assert.deepEqual(await told(t, { revocationLists: { list: () => [list], hasEnded: () => true } }), [
    'revocation degraded: The revocation list of CN=Floor 2 is past its nextUpdate.',
  ]);
  const source = { caSha256: 'ab'.repeat(32), failure: 'it is 404' } as unknown as ReturnType<
    WatchedServer['revocationSources']['list']
  >[number];
  assert.deepEqual(await told(t, { revocationSources: { list: () => [source] } }), [
    'revocation degraded: The revocation list of the CA abababababababab… could not be fetched: it is 404',
  ]);
});

test('a moved clock', async (t) => {
  assert.deepEqual(await told(t, { offsetMs: 3_600_000 }), [
    'clock degraded: The clock was moved by 3600 s: this data directory is for development.',
  ]);
});
