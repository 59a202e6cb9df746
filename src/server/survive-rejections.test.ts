import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** In a process of its own, since the test runner listens for rejections too. */
function inProcess(after: string) {
  const script = `
    const { surviveRejections } = await import(${JSON.stringify(import.meta.resolve('./survive-rejections.ts'))});
    const written = [];
    const cancel = surviveRejections({ error: (event, fields) => written.push([event, fields.error.split('\\n')[0]]) });
    Promise.reject(new Error('nobody waited'));
    await new Promise((resolve) => setImmediate(resolve));
    ${after}
    console.log(JSON.stringify(written));`;
  return run(process.execPath, ['--input-type=module', '--eval', script]);
}

test('a promise that fails unawaited is written down, and the process goes on', async () => {
  const { stdout } = await inProcess('');
  assert.deepEqual(JSON.parse(stdout), [['promise.unhandled', 'Error: nobody waited']]);
});

test('once cancelled, it ends the process as ever', async () => {
  const again = "cancel(); Promise.reject(new Error('again')); await new Promise((resolve) => setImmediate(resolve));";
  await assert.rejects(inProcess(again), /again/);
});
