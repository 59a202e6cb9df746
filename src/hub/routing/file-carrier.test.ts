import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant } from '#base/instant.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { defaultFileLimits } from '#storage/file-limits.ts';
import { FileStore } from '#storage/file-store.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testDatabases } from '#test/support/databases.ts';
import { ManualClock } from '#test/support/manual-clock.ts';
import type { StoredEvent } from '../events/event-log.ts';
import { noStamp } from '../events/routing-stamp.ts';
import { FileCarrier } from './file-carrier.ts';

const container = 'events';
const count = 300;
const platform = { clock: new ManualClock(), random: systemRandom, log: silentLog };

/** Events of a kilobyte each at the positions 0 to 299. */
const stored = Array.from({ length: count }, (_, position) => ({
  ...{ position, next: position + 1, partition: 0, source: 'Telemetry', deviceId: 'dev1', moduleId: undefined },
  enqueuedAt: instant(1_780_000_000_000),
  body: Buffer.from(String(position).padStart(750, ' ')),
  stamp: { ...noStamp, places: 1 },
  properties: () => ({ system: {}, application: {} }),
})) as unknown as StoredEvent[];

const read = {
  log: silentLog,
  events: { start: 0, end: count, read: async ({ from, max }: { from: number; max: number }) => stored.slice(from, from + max) },
  place: 1,
} as never;

async function openCarrier(t: { after(fn: () => unknown): void }, limits: { blobBytesMax: number; totalBytesMax: number }) {
  const database = await testDatabases()[0]?.open();
  if (!database) throw new Error('There is no database.');
  const store = await FileStore.open({
    ...{ platform, database: database.database, directory: '/files', files: new CrashDisk() },
    limits: { ...defaultFileLimits, ...limits },
  });
  t.after(async () => {
    store.stop();
    await database.close();
  });
  const options = { platform, read, store, container, hubName: 'home', namesUnderWay: new Set<string>() };
  const format = { fileNameFormat: '{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}', batchMs: 60_000, chunkBytes: 10_485_760 };
  return { store, carrier: new FileCarrier({ ...options, ...format }) };
}

test('no file grows beyond what the store takes of one, whatever was asked for', async (t) => {
  const { store, carrier } = await openCarrier(t, { blobBytesMax: 100_000, totalBytesMax: 2_000_000 });
  const positions: number[] = [];
  assert.equal(await carrier.carry(0, (position) => positions.push(position)), count);
  const blobs = await store.list(container);
  assert.ok(blobs.length > 3, String(blobs.length));
  assert.deepEqual(positions.at(-1), count);
  let numbers: number[] = [];
  for (const { name, bytes } of blobs) {
    assert.ok(bytes <= 100_000);
    const { pieces = [] } = (await store.read({ container, name })) ?? {};
    const whole: Buffer[] = [];
    for await (const piece of pieces) whole.push(piece);
    const lines = Buffer.concat(whole).toString().trim().split('\n');
    numbers = numbers.concat(lines.map((line) => Number(Buffer.from(JSON.parse(line).Body, 'base64'))));
  }
  assert.deepEqual(
    numbers.sort((a, b) => a - b),
    stored.map(({ position }) => position),
  );
});

test('an attempt that fails leaves nothing behind, so that the attempts after it do not fill the store', async (t) => {
  // Room for what is staged, and none for the file made of it.
  const { store, carrier } = await openCarrier(t, { blobBytesMax: 20_000_000, totalBytesMax: 500_000 });
  for (let attempt = 0; attempt < 3; attempt++) {
    await assert.rejects(
      carrier.carry(0, () => assert.fail('nothing was delivered')),
      { code: 'quota-exceeded' },
    );
    assert.deepEqual(store.used, { count: 0, bytes: 0 });
    platform.clock.advance(60_000);
  }
});
