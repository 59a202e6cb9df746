import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nodeFileSystem } from '#storage/file-system.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';

const messageOf = (text: string) => ({
  topic: 'az/messages/events/',
  payload: Buffer.from(text),
  qos: 1 as const,
  retain: false,
});
const textsOf = (entries: readonly { message: { payload: Buffer } }[]) =>
  entries.map(({ message }) => message.payload.toString());
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index));

async function openOutbox(t: { after(fn: () => unknown): void }, options: Partial<OutboxOptions> = {}) {
  const directory = options.directory ?? temporaryDirectory(t);
  const platform = testPlatform();
  const outbox = await Outbox.open(platform, { files: nodeFileSystem, ...options, directory });
  t.after(() => outbox.close());
  return { outbox, directory, platform };
}

const acceptAll = (outbox: Outbox, texts: readonly string[]) => Promise.all(texts.map((text) => outbox.accept(messageOf(text))));

/** Takes `count` messages, waiting for those that must be read first. */
async function takeSome(outbox: Outbox, count: number) {
  const taken: NonNullable<ReturnType<Outbox['take']>>[] = [];
  await eventually(() => {
    for (let entry = outbox.take(); entry; entry = taken.length < count ? outbox.take() : undefined) {
      taken.push(entry);
      if (taken.length === count) return true;
    }
    return undefined;
  });
  return taken;
}

describe('outbox', () => {
  test('hands out what it accepted in order, and after a restart what was not settled', async (t) => {
    const first = await openOutbox(t);
    await acceptAll(first.outbox, numbers(1, 2_000));
    const taken = await takeSome(first.outbox, 1_500);
    assert.deepEqual(textsOf(taken), numbers(1, 1_500));
    for (const entry of taken.slice(0, 1_000)) first.outbox.settle(entry);
    // An answer that overtook others moves nothing on.
    for (const entry of taken.slice(1_200)) first.outbox.settle(entry);
    assert.deepEqual([first.outbox.depth, first.outbox.dropped], [700, 0]);
    assert.deepEqual(textsOf(first.outbox.unsettled), numbers(1_001, 1_200));
    await first.outbox.close();

    const second = await openOutbox(t, { directory: first.directory });
    assert.equal(second.outbox.depth, 1_000);
    assert.deepEqual(textsOf(await takeSome(second.outbox, 1_000)), numbers(1_001, 2_000));
    assert.equal(second.outbox.dropped, 0);
  });

  test('what comes in while it is being read keeps its place', async (t) => {
    const { outbox } = await openOutbox(t);
    const seen: string[] = [];
    for (let from = 1; from < 300; from += 30) {
      void acceptAll(outbox, numbers(from, from + 29));
      const taken = await takeSome(outbox, 10);
      for (const entry of taken) outbox.settle(entry);
      seen.push(...textsOf(taken));
    }
    seen.push(...textsOf(await takeSome(outbox, 200)));
    assert.deepEqual(seen, numbers(1, 300));
  });

  test('a message is accepted only when its sync has returned', async (t) => {
    const files = new CrashDisk();
    const { outbox } = await openOutbox(t, { files });
    await outbox.accept(messageOf('0'));
    const syncs: (() => void)[] = [];
    files.before = (operation) => (operation === 'sync' ? new Promise((resolve) => syncs.push(resolve)) : undefined);
    let isAccepted = false;
    const accepted = outbox.accept(messageOf('1')).then(() => {
      isAccepted = true;
    });
    await eventually(() => syncs[0]);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isAccepted, false);
    files.before = () => {};
    for (const release of syncs) release();
    await accepted;
  });

  test('thin-edge 56: above its limit of bytes the oldest go, and are counted exactly, also over a restart', async (t) => {
    const { outbox, directory } = await openOutbox(t, { bytesMax: 64 * 1024 });
    const body = (n: number) => `${n} ${'x'.repeat(200)}`;
    for (let from = 1; from <= 1_000; from += 10)
      await acceptAll(
        outbox,
        numbers(from, from + 9).map((n) => body(Number(n))),
      );
    await eventually(() => (outbox.dropped > 500 ? true : undefined));
    const { dropped, depth } = outbox;
    assert.equal(dropped + depth, 1_000);
    const kept = readdirSync(directory)
      .filter((name) => name.endsWith('.segment'))
      .reduce((sum, name) => sum + readFileSync(join(directory, name)).length, 0);
    assert.ok(kept <= 64 * 1024 + 17 * 1_024, `${kept} bytes on disk`);
    await outbox.close();
    const again = await openOutbox(t, { directory, bytesMax: 64 * 1024 });
    assert.deepEqual([again.outbox.dropped, again.outbox.depth], [dropped, depth]);
    const taken = await takeSome(again.outbox, depth);
    assert.deepEqual(
      textsOf(taken),
      Array.from({ length: depth }, (_, index) => body(dropped + 1 + index)),
    );
    for (const entry of taken) again.outbox.settle(entry);
    assert.deepEqual([again.outbox.dropped, again.outbox.depth], [dropped, 0]);
    await again.outbox.close();
    const third = await openOutbox(t, { directory, bytesMax: 64 * 1024 });
    assert.deepEqual([third.outbox.dropped, third.outbox.depth], [dropped, 0]);
  });

  test('above its limit of messages the oldest that were not taken go', async (t) => {
    const { outbox } = await openOutbox(t, { countMax: 100 });
    await acceptAll(outbox, numbers(1, 50));
    const taken = await takeSome(outbox, 10);
    await acceptAll(outbox, numbers(51, 250));
    assert.deepEqual([outbox.dropped, outbox.depth], [140, 110]);
    for (const entry of taken) outbox.settle(entry);
    assert.deepEqual([outbox.dropped, outbox.depth], [140, 100]);
    assert.deepEqual(textsOf(await takeSome(outbox, 100)), numbers(151, 250));
    assert.deepEqual([outbox.dropped, outbox.depth], [140, 100]);
  });

  test('a full disk: it goes on in memory, accepts what the hub has, and the rest when there is room', async (t) => {
    const files = new CrashDisk();
    const { outbox, platform } = await openOutbox(t, { files, memoryBytesMax: 2_000 });
    await acceptAll(outbox, numbers(1, 3));
    for (const entry of await takeSome(outbox, 3)) outbox.settle(entry);
    files.room = 0;
    const accepted: string[] = [];
    const add = (text: string) => outbox.accept(messageOf(text)).then(() => accepted.push(text));
    void add('4');
    await eventually(() => (outbox.state === 'full' ? true : undefined));
    for (const text of ['5', '6', '7']) void add(text);
    const taken = await takeSome(outbox, 2);
    assert.deepEqual(textsOf(taken), ['4', '5']);
    assert.deepEqual(accepted, []);
    for (const entry of taken) outbox.settle(entry);
    await eventually(() => (accepted.length === 2 ? true : undefined));
    for (let n = 0; n < 15; n++) void outbox.accept(messageOf('more'));
    assert.throws(() => outbox.accept(messageOf('x'.repeat(1_000))), { code: 'unavailable' });
    files.room = Number.POSITIVE_INFINITY;
    await eventually(() => {
      platform.clock.advance(1_000);
      return accepted.length === 4 ? true : undefined;
    });
    assert.deepEqual([outbox.state, ...accepted], ['ok', '4', '5', '6', '7']);
    assert.deepEqual(textsOf(await takeSome(outbox, 17)), ['6', '7', ...Array(15).fill('more')]);
    assert.equal(outbox.dropped, 0);
  });

  test('thin-edge 57: a tail that is cut or damaged, and a cursor that is none, do not prevent a start', async (t) => {
    for (const harm of ['cut', 'damage', 'cursor', 'all'] as const) {
      const { outbox, directory } = await openOutbox(t);
      await acceptAll(outbox, numbers(1, 60));
      for (const n of numbers(61, 100)) await outbox.accept(messageOf(n));
      for (const entry of await takeSome(outbox, 90)) outbox.settle(entry);
      await outbox.close();
      const name = readdirSync(directory).find((file) => file.endsWith('.segment')) ?? '';
      const path = join(directory, name);
      const bytes = readFileSync(path);
      if (harm === 'cut') truncateSync(path, bytes.length - 20);
      if (harm === 'damage') writeFileSync(path, bytes.fill(0xff, bytes.length - 20));
      if (harm === 'cursor') writeFileSync(join(directory, 'cursor'), '{"position":-1');
      if (harm === 'all') truncateSync(path, 1_100);
      const again = await openOutbox(t, { directory });
      await again.outbox.accept(messageOf('new'));
      const rest = { cut: [...numbers(91, 99), 'new'], damage: [...numbers(91, 99), 'new'], cursor: [...numbers(1, 100), 'new'] };
      const expected = harm === 'all' ? ['new'] : rest[harm];
      assert.deepEqual(textsOf(await takeSome(again.outbox, expected.length)), expected, harm);
    }
  });

  test('a message at which the connection ends three times in a row is put aside, and the next goes on', async (t) => {
    const { outbox, directory } = await openOutbox(t);
    await acceptAll(outbox, ['poison', 'fine']);
    await takeSome(outbox, 2);
    assert.equal(outbox.isSuspicious, false);
    assert.equal(await outbox.strike(), undefined);
    assert.equal(outbox.isSuspicious, true);
    assert.equal(await outbox.strike(), undefined);
    assert.equal((await outbox.strike())?.message.payload.toString(), 'poison');
    assert.deepEqual(textsOf(outbox.unsettled), ['fine']);
    assert.deepEqual([outbox.buried, outbox.dropped, outbox.depth, outbox.isSuspicious], [1, 0, 1, false]);
    const path = join(directory, 'dead-letters.jsonl');
    const [line = ''] = readFileSync(path, 'utf8').split('\n');
    assert.equal(Buffer.from(JSON.parse(line).payload, 'base64').toString(), 'poison');

    rmSync(path);
    mkdirSync(path);
    for (let time = 0; time < 4; time++) assert.equal(await outbox.strike(), undefined);
    assert.deepEqual(textsOf(outbox.unsettled), ['fine'], 'it stays until the disk takes it');
    rmdirSync(path);
    writeFileSync(path, Buffer.alloc(8 * 1024 * 1024));
    assert.equal((await outbox.strike())?.isKept, false);
    assert.equal(outbox.depth, 0);
  });
});
