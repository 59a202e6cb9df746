import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverSettings } from '#server/config.ts';
import { blocksOf } from '#test/support/guide.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

test('every command of the guide for faults works as it stands, and its start line is what allows them', async (t) => {
  const [start = '', add = '', end = ''] = blocksOf('sh', 'break-things-on-purpose.md').map((block) => block.trim());
  const [, variable = '', value = ''] = /^(\w+)=(\w+) homeport start$/.exec(start) ?? [];
  assert.equal(
    serverSettings['hub.faults'].choices.find((choice) => choice === value),
    'messages',
  );
  const home = await startHomeport([], { [variable]: value });
  t.after(() => home.close());
  const printed: string[] = [];
  for (const line of add.split('\n')) printed.push(await typed(home, line));
  assert.deepEqual(
    printed.slice(1, -1).map((text) => text.trim().replace(/ for .*/, '')),
    ['f1: latency 800 ms', 'f2: drop', 'f3: kill every 30 s', 'f4: throttle', 'f5: refuse', 'Cut 0 connections.'],
  );
  assert.equal(printed.at(-1)?.trim().split('\n').length, 5);
  assert.match(await typed(home, 'homeport status'), /^hub\.faults\.allowed +messages$/m);
  const [remove = '', clear = ''] = end.split('\n');
  assert.match(await typed(home, remove), /^f1 is over\.$/m);
  assert.match(await typed(home, clear), /^4 faults are over\.$/m);
});
