import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

const sizeMebibytes = 16;

/**
 * Goal: a disk that runs full loses nothing acknowledged; the server says so, turns devices away and comes back.
 * Method: a data directory on a real file system that is really full, one of memory that only the server and its
 * test see. Database and log share it, so both meet the end of it.
 */
test('a full disk: no more PUBACKs, a clear state, devices turned away with 3, nothing lost, and back by itself', async (t) => {
  const disk = temporaryDirectory(t);
  const mount = `mount -t tmpfs -o size=${sizeMebibytes}m,mode=700 tmpfs "$1" && exec "$2" "$3"`;
  const life = join(import.meta.dirname, 'full-disk-life.ts');
  const words = ['--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh', disk, process.execPath, life];
  const child = spawn('unshare', words, { env: { ...process.env, TMPDIR: disk } });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  assert.equal(code, 0, output);
  for (const line of output.trim().split('\n')) t.diagnostic(line);
});
