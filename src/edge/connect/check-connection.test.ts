import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#test/support/eventually.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { openEmbeddedBroker } from '../broker/embedded-broker.ts';
import { checkConnection } from './check-connection.ts';

/** A local broker whose bridge answers as `answer` says, and the requests it was asked. */
async function openBroker(t: { after(fn: () => unknown): void }, answer: (asked: number) => string | undefined) {
  const asked: string[] = [];
  const broker = await openEmbeddedBroker(testPlatform(), {
    address: '127.0.0.1',
    port: 0,
    intercept: ({ topic, payload, qos }) => {
      if (!topic.startsWith('az/twin/GET/')) return undefined;
      asked.push(`${topic} ${payload.length} ${qos}`);
      const reply = answer(asked.length);
      if (reply !== undefined) void broker.publish({ topic: reply, payload: Buffer.from('{}'), qos: 1, retain: false });
      return undefined;
    },
  });
  t.after(() => broker.close());
  return { asked, at: { host: '127.0.0.1', port: broker.port } };
}

test('thin-edge 33: a hub that does not answer is given up after ten seconds, in which it was asked the same again and again', async (t) => {
  const { asked, at } = await openBroker(t, () => undefined);
  const platform = testPlatform();
  const checked = checkConnection(platform, at, 'az');
  await eventually(() => asked.length > 0 || undefined);
  platform.clock.advance(3_000);
  await eventually(() => asked.length > 1 || undefined);
  platform.clock.advance(7_000);
  assert.equal(await checked, false);
  assert.deepEqual(new Set(asked), new Set(['az/twin/GET/?$rid=1 0 1']));
});

test('only the answer 200 is one, whenever it comes', async (t) => {
  const { asked, at } = await openBroker(t, (times) => (times === 1 ? 'az/twin/res/404/?$rid=1' : 'az/twin/res/200/?$rid=1'));
  const platform = testPlatform();
  const checked = checkConnection(platform, at, 'az');
  await eventually(() => asked.length === 1 || undefined);
  await eventually(() => {
    platform.clock.advance(1_000);
    return asked.length > 1 || undefined;
  });
  assert.equal(await checked, true);
});

test('without a local broker there is no answer', async () => {
  assert.equal(await checkConnection(testPlatform(), { host: '127.0.0.1', port: 1 }, 'az'), false);
});
