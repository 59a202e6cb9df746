import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blocksOf } from '#test/support/guide.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

let home: RunningHomeport;
before(async () => {
  home = await startHomeport();
});
after(() => home.close());

test('the commands of the guide do what it says', async () => {
  await home.ok('homeport', ['hub', 'device', 'create', '--device-id', 'dev1', '--auth-method', 'x509_ca']);
  const lines = blocksOf('sh', 'watch-homeport.md').flatMap((block) => block.trim().split('\n'));
  const said = new Map<string, string>();
  for (const line of lines) said.set(line, await typed(home, line));
  assert.match(said.get('homeport status') ?? '', /^health +(ok|degraded)$/m);
  const audit = said.get('homeport audit --target /hub/devices/dev1') ?? '';
  assert.match(audit, /administration main {2}PUT \/hub\/devices\/:deviceId {2}201\n/);
  assert.match(audit, /^ {2}who {4}Local administrator \(administrator\) \(administration-socket\) from administration socket$/m);
  const [entry] = JSON.parse(said.get('homeport audit --service administration --json') ?? '[]');
  assert.deepEqual([entry.target, entry.status], ['/hub/devices/dev1', 201]);
});

test('what the owner reads with secrets mints a token, and that is kept', async () => {
  await home.ok('homeport', ['status', '--json', '--secrets']);
  const entries = JSON.parse(await home.ok('homeport', ['audit', '--target', '/status', '--json']));
  assert.deepEqual(
    entries.map(({ detail }: { detail: string }) => detail),
    ['an API token was minted'],
  );
});
