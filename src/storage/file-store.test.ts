import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { hourMs } from '#base/instant.ts';
import { Problem, type ProblemCode } from '#base/problem.ts';
import { CrashDisk } from '#test/support/crash-disk.ts';
import { testDatabases } from '#test/support/databases.ts';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import type { Database } from './database.ts';
import { defaultFileLimits, type FileLimits } from './file-limits.ts';
import { FileStore } from './file-store.ts';

const directory = '/files';

const says = (code: ProblemCode, reason?: string) => (error: unknown) =>
  error instanceof Problem && error.code === code && error.reason === reason;

async function* inPieces(text: string): AsyncGenerator<Buffer> {
  for (const character of text) yield Buffer.from(character);
}

async function joined(pieces: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const piece of pieces) text += piece.toString();
  return text;
}

const contentOf = (text: string) => ({ bytes: Buffer.byteLength(text), chunks: inPieces(text) });

for (const kind of testDatabases()) {
  describe(`the file store on ${kind.name}`, () => {
    let database: Database;
    let close: () => Promise<void>;
    let made = 0;
    before(async () => ({ database, close } = await kind.open()));
    after(() => close());

    async function setUp(limits: Partial<FileLimits> = {}) {
      await database.deleteFrom('blob').execute();
      await database.deleteFrom('blob_block').execute();
      const disk = new CrashDisk();
      const open = (files: CrashDisk) => {
        const platform = testPlatform(++made);
        const all = { ...defaultFileLimits, ...limits };
        return FileStore.open({ platform, database, directory, files, limits: all }).then((store) => ({ store, platform }));
      };
      const { store, platform } = await open(disk);
      const at = (name: string) => ({ container: 'abc', name });
      const read = async (name: string, from = store) => {
        const found = await from.read(at(name));
        return found && (await joined(found.pieces));
      };
      const names = async () => (await store.list('abc')).map(({ name }) => name);
      return { disk, open, store, clock: platform.clock, at, read, names };
    }

    test('a blob is read as it was written, and another content takes its place whole', async () => {
      const { disk, store, at, read } = await setUp();
      const first = await store.write(at('d/f'), contentOf('one'), { contentType: 'text/plain' });
      assert.equal(await read('d/f'), 'one');
      assert.equal((await store.load(at('d/f')))?.contentType, 'text/plain');
      const reader = await store.read(at('d/f'));
      const second = await store.write(at('d/f'), contentOf('two!'));
      assert.notEqual(first.file, second.file);
      assert.equal(await read('d/f'), 'two!');
      assert.equal(reader && (await joined(reader.pieces)), 'one');
      assert.deepEqual(await disk.list(directory), [second.file]);
      assert.deepEqual(store.used, { count: 1, bytes: 4 });
      assert.equal(await store.delete(at('d/f')), true);
      assert.equal(await store.delete(at('d/f')), false);
      assert.deepEqual([await disk.list(directory), store.used.bytes, disk.openFiles], [[], 0, 0]);
    });

    test('no name leads anywhere but to its own content, and letters that differ in case are different', async () => {
      const { disk, store, at, read, names } = await setUp();
      const odd = [
        '../../etc/passwd',
        '/etc/passwd',
        'a\\..\\b',
        '.',
        '..',
        'CON',
        'f',
        'F',
        'x'.repeat(1024),
        '漢'.repeat(1024),
        'ü',
        "';--",
      ];
      for (const name of odd) await store.write(at(name), contentOf(name));
      for (const name of odd) assert.equal(await read(name), name);
      for (const file of await disk.list(directory)) assert.match(file, /^[0-9a-f]{32}$/);
      assert.deepEqual(await names(), [...odd].sort());
      assert.equal(await store.load({ container: 'other', name: 'f' }), undefined);
    });

    test('a list is cut by a prefix and into pages', async () => {
      const { store, at } = await setUp();
      for (const name of ['d1/a', 'd1/b', 'd1/c', 'd2/a', 'd_/a', 'd🦀/a']) await store.write(at(name), contentOf(''));
      const list = async (options: Parameters<FileStore['list']>[1]) =>
        (await store.list('abc', options)).map(({ name }) => name);
      assert.deepEqual(await list({ prefix: 'd1/', max: 2 }), ['d1/a', 'd1/b']);
      assert.deepEqual(await list({ prefix: 'd1/', after: 'd1/b' }), ['d1/c']);
      assert.deepEqual(await list({ prefix: 'd_' }), ['d_/a']);
      assert.deepEqual(await list({ prefix: 'd🦀' }), ['d🦀/a']);
    });

    test('blocks become a blob in the order of the list; what is in no list goes', async () => {
      const { disk, store, at, read, names } = await setUp();
      for (const id of ['MQ==', 'Mg==', 'Mw==']) await store.stage(at('f'), id, contentOf(`<${id}>`));
      await store.stage(at('f'), 'MQ==', contentOf('again'));
      await store.stage(at('g'), 'MQ==', contentOf('other'));
      assert.deepEqual(await names(), []);
      await assert.rejects(store.commit(at('f'), ['MQ==', 'NQ==']), says('argument-invalid', 'InvalidBlockList'));
      await store.commit(at('f'), ['Mg==', 'MQ==', 'Mg==']);
      assert.equal(await read('f'), '<Mg==>again<Mg==>');
      await assert.rejects(store.commit(at('f'), ['Mw==']), says('argument-invalid', 'InvalidBlockList'));
      assert.equal((await disk.list(directory)).length, 2);
      await store.commit(at('f'), []);
      assert.equal(await read('f'), '');
    });

    test('blocks that wait too long go by themselves', async () => {
      const { disk, store, clock, at } = await setUp({ blockKeptMs: hourMs });
      await store.stage(at('f'), 'MQ==', contentOf('one'));
      clock.advance(hourMs / 2);
      await store.stage(at('f'), 'Mg==', contentOf('two'));
      clock.advance(hourMs / 2);
      await eventually(async () => ((await disk.list(directory)).length === 1 ? true : undefined));
      assert.deepEqual(store.used, { count: 1, bytes: 3 });
      await assert.rejects(store.commit(at('f'), ['MQ==']), says('argument-invalid', 'InvalidBlockList'));
      store.stop();
    });

    const refused: [what: string, text: string, bytes: number, code: ProblemCode, reason?: string][] = [
      ['fewer bytes than were said', 'abc', 4, 'malformed', 'InvalidHeaderValue'],
      ['more bytes than were said', 'abc', 2, 'malformed', 'InvalidHeaderValue'],
      ['a blob that is too large', 'x'.repeat(11), 11, 'payload-too-large'],
    ];
    for (const [what, text, bytes, code, reason] of refused) {
      test(`${what} leave nothing behind and what was there as it was`, async () => {
        const { disk, store, at, read } = await setUp({ blobBytesMax: 10 });
        await store.write(at('f'), contentOf('before'));
        await assert.rejects(store.write(at('f'), { bytes, chunks: inPieces(text) }), says(code, reason));
        await assert.rejects(store.stage(at('f'), 'MQ==', { bytes, chunks: inPieces(text) }), says(code, reason));
        assert.equal(await read('f'), 'before');
        assert.deepEqual([(await disk.list(directory)).length, store.used.bytes, disk.openFiles], [1, 6, 0]);
      });
    }

    test('a body that breaks off, a wrong digest and a condition that does not hold leave nothing behind', async () => {
      const { disk, store, at, read } = await setUp();
      const { file } = await store.write(at('f'), contentOf('before'));
      async function* broken(): AsyncGenerator<Buffer> {
        yield Buffer.from('ab');
        throw new Error('The connection broke.');
      }
      await assert.rejects(store.write(at('f'), { bytes: 4, chunks: broken() }), /broke/);
      const md5 = (text: string) => ({ hash: createHash('md5'), expected: createHash('md5').update(text).digest() });
      await assert.rejects(store.write(at('f'), contentOf('x'), { md5: md5('y') }), says('malformed', 'Md5Mismatch'));
      await assert.rejects(store.write(at('f'), contentOf('x'), { isNew: true }), says('already-exists'));
      await assert.rejects(store.write(at('f'), contentOf('x'), { replaces: 'other' }), says('precondition-failed'));
      await assert.rejects(store.write(at('g'), contentOf('x'), { replaces: file }), says('precondition-failed'));
      assert.equal(await read('f'), 'before');
      assert.deepEqual([(await disk.list(directory)).length, store.used, disk.openFiles], [1, { count: 1, bytes: 6 }, 0]);
      await store.write(at('f'), contentOf('after'), { replaces: file, md5: md5('after') });
      assert.equal(await read('f'), 'after');
    });

    test('a store that is full, by bytes or by files, refuses until something goes', async () => {
      const { store, at } = await setUp({ totalBytesMax: 10, filesMax: 3 });
      await store.write(at('a'), contentOf('12345'));
      await store.stage(at('b'), 'MQ==', contentOf('123'));
      await assert.rejects(store.write(at('c'), contentOf('123')), says('quota-exceeded'));
      await store.write(at('c'), contentOf('12'));
      await assert.rejects(store.write(at('d'), contentOf('')), says('quota-exceeded'));
      await store.delete(at('a'));
      await store.commit(at('b'), ['MQ==']);
      assert.deepEqual(store.used, { count: 2, bytes: 5 });
      await store.deleteContainer('abc');
      assert.deepEqual(store.used, { count: 0, bytes: 0 });
    });

    test('a full disk is said, and the store goes on when there is room', async () => {
      const { disk, store, at, read } = await setUp();
      disk.room = 3;
      await assert.rejects(store.write(at('f'), contentOf('four')), says('storage-full'));
      assert.deepEqual(await disk.list(directory), []);
      disk.room = 100;
      await store.write(at('f'), contentOf('four'));
      assert.equal(await read('f'), 'four');
    });

    /**
     * Goal: what was acknowledged is there after a power cut, and what was not is whole or not there at all.
     * Method: cut the power before every single step on the disk; what of it was synced is what the next start finds.
     */
    test('whenever the power goes, a blob is the old one or the new one, whole, and no file is left over', async () => {
      for (let cutAt = 0, isDone = false; !isDone; cutAt++) {
        const { disk, open, store, at, read } = await setUp();
        await store.write(at('f'), contentOf('old'));
        disk.operations = 0;
        disk.cutAt = cutAt;
        isDone = await store.stage(at('f'), 'MQ==', contentOf('new')).then(
          () =>
            store.commit(at('f'), ['MQ==']).then(
              () => disk.operations < cutAt,
              () => false,
            ),
          () => false,
        );
        const after = disk.crash('nothing');
        const again = (await open(after)).store;
        const known = await again.load(at('f'));
        const text = await read('f', again);
        assert.ok(text === 'old' || text === 'new', `cut before step ${cutAt}: ${text}`);
        if (isDone) assert.equal(text, 'new');
        const waiting = again.used.count - 1;
        assert.equal((await after.list(directory)).length, 1 + waiting, `cut before step ${cutAt}`);
        assert.equal(known?.bytes, 3);
        again.stop();
        store.stop();
      }
    });
  });
}
