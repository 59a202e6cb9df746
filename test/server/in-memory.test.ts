/**
 * Goal: a server of which nothing reaches a disk, that says so, and of which nothing is left.
 * Method: start it as it is typed, read where it keeps its data, use it, and stop it.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { startHomeport as startInside } from '#server/start-homeport.ts';
import { ownAddress } from '#test/support/own-place.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

const program = join(import.meta.dirname, '../../bin/homeport');
const tmpfs = 0x01021994;

test('homeport start --in-memory keeps nothing on a disk, says so, and leaves nothing behind', async (t) => {
  const home = temporaryDirectory(t);
  const address = ownAddress();
  const environment = { PATH: process.env.PATH ?? '', HOME: home };
  const child = spawn(process.execPath, [program, 'start', '--in-memory', '--listen', address], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line.startsWith('Try next')) break;
  }
  const [, directory = ''] = /^In memory: (\S+) is on no disk\./.exec(lines[0] ?? '') ?? [];
  assert.notEqual(directory, '', `${lines.join('\n')}${errors}`);
  assert.equal(statfsSync(directory).type, tmpfs);
  const status = spawn(process.execPath, [program, 'status', '--data', directory, '--json'], { env: environment });
  let printed = '';
  status.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  await once(status, 'close');
  assert.equal(JSON.parse(printed).isInMemory, true);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(existsSync(directory), false);
  assert.equal(existsSync(join(home, '.local')), false);
});

test('--in-memory and a directory that is named do not go together', async () => {
  const child = spawn(process.execPath, [program, 'start', '--in-memory', '--data', '/nowhere'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const [code] = await once(child, 'exit');
  assert.equal(code, 2);
  assert.match(errors, /--in-memory makes a data directory of its own/);
  await assert.rejects(startInside({ inMemory: true, directory: '/nowhere' }), /leave it out/);
});

test('startHomeport({ inMemory: true }) does the same inside a process', async () => {
  const home = await startInside({ inMemory: true, logLevel: 'error' });
  assert.equal(statfsSync(home.directory).type, tmpfs);
  const { deviceId } = await home.hub.createDevice('dev1');
  assert.equal(deviceId, 'dev1');
  await home.stop();
  assert.equal(existsSync(home.directory), false);
});
