import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openEventBench } from '#test/support/event-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { typed } from '#test/support/typed.ts';

const repository = join(import.meta.dirname, '../..');
const guide = readFileSync(join(repository, 'docs/guides/read-events.md'), 'utf8');

test('every command and the program of the guide for reading events work as they stand', async (t) => {
  const bench = await openEventBench();
  t.after(() => bench.close());
  const { home, hostName } = bench;
  const [create = '', list = '', status = ''] = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
    block.trim().split('\n'),
  );
  assert.match(await typed(home, create), /^Created dashboard\.$/m);
  assert.match(await typed(home, list), /^\$Default\s.*^dashboard\s/ms);
  const { hub, ca } = JSON.parse(await typed(home, status));
  assert.match(
    hub.eventHubConnectionStrings.service,
    new RegExp(
      `^Endpoint=sb://${hostName}/;SharedAccessKeyName=service;SharedAccessKey=[^;]+;EntityPath=${hostName.split('.')[0]}$`,
    ),
  );
  assert.deepEqual(Object.keys(hub.eventHubConnectionStrings).sort(), ['iothubowner', 'service']);

  const [, program = ''] = /^```js\n(.*?)^```$/ms.exec(guide) ?? [];
  writeFileSync(join(home.folder, 'read.mjs'), program);
  // The name is known in this process only, and so must be made known in that one.
  const known = join(repository, 'test/support/known-names.ts');
  writeFileSync(
    join(home.folder, 'known.mjs'),
    `import { makeKnown } from ${JSON.stringify(known)};\nmakeKnown('${hostName}', '${home.address}');\n`,
  );
  symlinkSync(join(repository, 'node_modules'), join(home.folder, 'node_modules'));
  const env = { ...process.env, EVENTS: hub.eventHubConnectionStrings.service, NODE_EXTRA_CA_CERTS: ca };
  const child = spawn(process.execPath, ['--import', './known.mjs', 'read.mjs'], {
    cwd: home.folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => {
    printed += chunk;
  });
  const properties = { 'iothub-contenttype': 'application/json', 'iothub-contentencoding': 'utf-8' };
  await bench.send('boiler-1', [{ body: '{"temperature":62}', properties }]);
  await eventually(() => /^[0-3] boiler-1 \{"temperature":62\}$/m.test(printed) || undefined, 60_000);

  child.kill();
  const wrong = await home.run('homeport', ['hub', 'consumer-group', 'create', 'not a name']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /letters, digits, dots, hyphens/);
  assert.match(await home.ok('homeport', ['hub', 'consumer-group', 'delete', 'dashboard']), /^Deleted dashboard\.$/m);
});
