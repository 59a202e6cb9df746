import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { createFile, replaceFile } from './write-file.ts';

const random = seededRandom(1);

/**
 * Goal: a kill leaves the old file or the new one.
 * Method: another process replaces one large file by another without end; what is read meanwhile, and
 * after a kill at some moment, is whole each time. A writer that truncates first is caught at once.
 */
test('thin-edge 27: a reader never sees part of a settings file, nor does a kill leave one', async (t) => {
  const path = join(temporaryDirectory(t), 'tedge.toml');
  const sizeBytes = 2 * 1024 * 1024;
  const program = `
    const { replaceFile } = await import(${JSON.stringify(new URL('./write-file.ts', import.meta.url).href)});
    const { randomBytes } = await import('node:crypto');
    for (let i = 0; ; i++) {
      await replaceFile(process.argv[1], Buffer.alloc(${sizeBytes}, i % 2 ? 'A' : 'B'), { mode: 0o644, random: { bytes: randomBytes } });
      if (i === 0) console.log('ready');
    }`;
  const seen = new Set<string>();
  const requireWhole = () => {
    const bytes = readFileSync(path);
    assert.equal(bytes.length, sizeBytes);
    assert.ok(bytes.equals(Buffer.alloc(sizeBytes, bytes[0])));
    seen.add(String.fromCharCode(bytes[0] ?? 0));
  };
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => child.kill('SIGKILL'));
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the writer ended with ${code}`)));
    });
    for (let reading = 0; reading < 40; reading++) {
      requireWhole();
      await new Promise((resolve) => setImmediate(resolve));
    }
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    requireWhole();
  }
  assert.deepEqual([...seen].sort(), ['A', 'B']);
});

test('a link keeps pointing at the file whose content was replaced, and nothing else is left behind', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'real'), 'old', { mode: 0o600 });
  symlinkSync('real', join(directory, 'link'));
  await replaceFile(join(directory, 'link'), 'new', { mode: 0o644, random });
  assert.ok(lstatSync(join(directory, 'link')).isSymbolicLink());
  assert.equal(readFileSync(join(directory, 'real'), 'utf8'), 'new');
  assert.equal(statSync(join(directory, 'real')).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(directory).sort(), ['link', 'real']);
});

test('where links are not followed, the file takes the place of one, and what it pointed to stays', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'real'), 'old');
  symlinkSync('real', join(directory, 'link'));
  await replaceFile(join(directory, 'link'), 'new', { mode: 0o644, random, followsLinks: false });
  assert.ok(lstatSync(join(directory, 'link')).isFile());
  assert.deepEqual(
    ['link', 'real'].map((name) => readFileSync(join(directory, name), 'utf8')),
    ['new', 'old'],
  );
});

test('a file that cannot take the place of another is not left beside it', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'd'));
  await assert.rejects(replaceFile(join(directory, 'd'), 'x', { mode: 0o644, random }), { name: 'Problem' });
  assert.deepEqual(readdirSync(directory), ['d']);
  await assert.rejects(replaceFile(join(directory, 'no/f'), 'x', { mode: 0o644, random }), { code: 'not-found' });
});

test('creating takes nobody’s place', async (t) => {
  const path = join(temporaryDirectory(t), 'f');
  await createFile(path, 'one', 0o400);
  await assert.rejects(createFile(path, 'two', 0o400), { code: 'already-exists' });
  assert.equal(readFileSync(path, 'utf8'), 'one');
});
