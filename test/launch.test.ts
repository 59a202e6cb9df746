import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryDirectory } from '#test/support/test-terminal.ts';

/** Makes the running Node believe that it is 20, before anything else runs. */
const oldNode = `data:text/javascript,${encodeURIComponent("Object.defineProperty(process.versions, 'node', { value: '20.11.0' });")}`;

/** A clone in which the pinned Node is a shell script, so that the test sees what it is asked to do. */
function makeClone(t: Parameters<typeof temporaryDirectory>[0], pinned?: string) {
  const root = temporaryDirectory(t);
  mkdirSync(join(root, 'bin'));
  copyFileSync(join(import.meta.dirname, '../bin/launch.mjs'), join(root, 'bin/launch.mjs'));
  writeFileSync(join(root, 'bin/demo.mjs'), "import { launch } from './launch.mjs';\nawait launch('#demo.ts');\n");
  writeFileSync(join(root, 'package.json'), '{ "imports": { "#*.ts": "./src/*.ts" } }');
  mkdirSync(join(root, 'src'));
  writeFileSync(
    join(root, 'src/demo.ts'),
    "const words: string[] = process.argv.slice(2);\nconsole.log('ran here', words.join());\n",
  );
  if (pinned !== undefined) {
    const path = join(root, 'node_modules/node/bin/node');
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${pinned}\n`);
    chmodSync(path, 0o755);
  }
  return root;
}

function run(
  root: string,
  options: {
    words?: string[];
    input?: string;
    node?: string[];
    onOutput?: (kill: (signal: NodeJS.Signals) => void) => void;
  } = {},
) {
  const child = spawn(process.execPath, [
    ...(options.node ?? ['--import', oldNode]),
    join(root, 'bin/demo.mjs'),
    ...(options.words ?? []),
  ]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
    options.onOutput?.((signal) => child.kill(signal));
  });
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdin.end(options.input ?? '');
  return new Promise<{ code: number | null; signal: string | null; output: string; errors: string }>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, output, errors })),
  );
}

describe('the launcher', () => {
  test('a Node that is new enough runs the program itself', async (t) => {
    const root = makeClone(t, 'echo pinned');
    const { code, output } = await run(root, { node: [], words: ['a', 'b'] });
    assert.deepEqual([code, output], [0, 'ran here a,b\n']);
  });

  test('an older one hands over arguments, input and output to the pinned one and ends with its code', async (t) => {
    const root = makeClone(t, 'shift 2; echo "pinned $*"; cat; exit 7');
    const { code, output } = await run(root, { words: ['--x', 'y z'], input: 'typed' });
    assert.equal(code, 7);
    assert.match(output, /^pinned .*demo\.mjs --x y z\ntyped$/);
  });

  test('it ends by the signal that ended the pinned one', async (t) => {
    const { signal } = await run(makeClone(t, 'kill -KILL $$'));
    assert.equal(signal, 'SIGKILL');
  });

  test('a signal sent to it reaches the pinned one, which decides how to end', async (t) => {
    const root = makeClone(t, 'trap "echo drained; exit 0" TERM; echo ready; while :; do sleep 0.05; done');
    let isSent = false;
    const { code, signal, output } = await run(root, {
      onOutput: (kill) => {
        if (!isSent) kill('SIGTERM');
        isSent = true;
      },
    });
    assert.deepEqual([code, signal, output], [0, null, 'ready\ndrained\n']);
  });

  test('without a pinned one it says what to run', async (t) => {
    const { code, errors } = await run(makeClone(t));
    assert.equal(code, 1);
    assert.match(errors, /needs Node 24 or newer; this is 20\.11\.0\.\n.*npm ci/);
  });
});
