import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';
import { mistyped, typed } from '#test/support/typed.ts';

describe('homeport hub c2d send, as it is typed', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
    await typed(home, 'homeport hub device create -d dev1 --auth-method shared_private_key');
  });
  after(() => home?.close());

  test('it says until when the message waits, and how many do', async () => {
    assert.match(
      await typed(home, 'homeport hub c2d send --device-id dev1 --body hello'),
      /^Queued for dev1 until \S+Z; 1 waiting\.$/m,
    );
    const line =
      'homeport hub c2d send -d dev1 --body {"led":true} --content-type application/json --property priority=high --property empty= --json';
    const { deviceId, enqueuedAt, expiresAt, pending } = JSON.parse(await typed(home, line)) as JsonObject;
    assert.deepEqual([deviceId, pending], ['dev1', 2]);
    assert.equal(Date.parse(String(expiresAt)) - Date.parse(String(enqueuedAt)), 3_600_000);
    const short = JSON.parse(
      await typed(home, 'homeport hub c2d send -d dev1 --body restart --message-id m-1 --ack full --expires-in 5 --json'),
    ) as JsonObject;
    assert.equal(Date.parse(String(short.expiresAt)) - Date.parse(String(short.enqueuedAt)), 300_000);
  });

  const wrong: [line: string, code: number, says: RegExp][] = [
    ['homeport hub c2d send -d nobody --body x', 5, /no device nobody/],
    ['homeport hub c2d send -d dev1 --module-id nobody --body x', 5, /no module nobody/],
    ['homeport hub c2d send -d dev1 --hub nowhere --body x', 5, /no hub nowhere/],
    ['homeport hub c2d send -d dev1', 2, /body/],
    ['homeport hub c2d send -d dev1 --body x --ack maybe', 2, /none, positive, negative and full/],
    ['homeport hub c2d send -d dev1 --body x --property priority', 2, /--property priority=high/],
    ['homeport hub c2d send -d dev1 --body x --property =high', 2, /--property priority=high/],
    ['homeport hub c2d send -d dev1 --body x --property iothub-ack=full', 1, /belongs to a system property/],
    ['homeport hub c2d send -d dev1 --body x --expires-in 0', 2, /from 1 to 2880/],
    ['homeport hub c2d send -d dev1 --body x --message-id ü', 1, /A message id has/],
  ];
  for (const [line, code, says] of wrong) {
    test(`${line} ends with ${code} and says why`, async () => {
      const { stdout, stderr, ...result } = await mistyped(home, line);
      assert.equal(result.code, code, stdout + stderr);
      assert.match(stdout + stderr, says);
      assert.doesNotMatch(stdout + stderr, /^\s+at |node:internal/m);
    });
  }
});
