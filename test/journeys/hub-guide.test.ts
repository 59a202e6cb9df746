import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/add-a-hub.md'), 'utf8');

test('every command of the guide for a hub runs as it stands, in order, and what it says comes out', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const lines = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'));
  assert.equal(lines.length, 5);
  const printed: string[] = [];
  for (const line of lines) printed.push(await typed(home, line));
  const [created = '', device = '', status = ''] = printed;
  assert.match(created, /plant-2\.localhost/);
  assert.match(device, /^HostName=plant-2\.localhost;DeviceId=dev1;SharedAccessKey=/m);
  assert.match(JSON.parse(status).hubs['plant-2'].connectionStrings.service, /^HostName=plant-2\.localhost;/);
  assert.equal(JSON.parse(await typed(home, 'homeport hub list --json')).length, 1);
});
