import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { eventually } from '#test/support/eventually.ts';
import { mosquittoPub, mosquittoSub } from '#test/support/local-clients.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { type EmbeddedBrokerOptions, openEmbeddedBroker } from './embedded-broker.ts';
import { localPacketBytesMax, localQueueMax } from './limits.ts';
import { openLocalClient } from './local-client.ts';

async function openBroker(t: TestContext, intercept: EmbeddedBrokerOptions['intercept'] = () => undefined) {
  const broker = await openEmbeddedBroker(testPlatform(), { address: '127.0.0.1', port: 0, intercept });
  t.after(() => broker.close());
  return broker;
}

const clientOf = (port: number, clientId: string, options: Partial<Parameters<typeof openLocalClient>[0]> = {}) =>
  openLocalClient({ clock: systemClock, host: '127.0.0.1', port, clientId, ...options });

describe('the broker inside tedge', () => {
  test('carries messages between clients at every QoS, with odd topics, and keeps those that are retained', async (t) => {
    const { port } = await openBroker(t);
    const all = await mosquittoSub(t, port, ['-q', '2', '-v', '-t', '#']);
    for (const [index, topic] of ['te/device/main///m/', 'az/twin/GET/?$rid=1', 'az/messages/events/a=%201&b'].entries()) {
      assert.equal(await mosquittoPub(port, ['-q', String(index), '-t', topic, '-m', `m${index}`]), 0);
    }
    assert.deepEqual((await all.seen(3)).sort(), [
      'az/messages/events/a=%201&b m2',
      'az/twin/GET/?$rid=1 m1',
      'te/device/main///m/ m0',
    ]);
    await mosquittoPub(port, ['-q', '1', '-r', '-t', 'te/kept', '-m', 'kept']);
    const late = await mosquittoSub(t, port, ['-q', '1', '-t', 'te/kept']);
    assert.deepEqual(await late.seen(1), ['kept']);
  });

  test('a port that is taken, and an address of another machine, are told with the way out, and nothing stays behind', async (t) => {
    const { port } = await openBroker(t);
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const open = (address: string) => openEmbeddedBroker(testPlatform(), { address, port, intercept: () => undefined });
    await assert.rejects(open('127.0.0.1'), { code: 'conflict', message: /listens on 127\.0\.0\.1:\d+\.\nStop it, or run/ });
    await assert.rejects(open('192.0.2.1'), { code: 'argument-invalid', message: /has no address 192\.0\.2\.1\./ });
    assert.equal(timers(), before);
  });

  test('a topic of bytes that are no text, which would be longer than any is as text, closes its connection and nobody else’s', async (t) => {
    const seen: string[] = [];
    const { port } = await openBroker(t, ({ topic }) => {
      seen.push(topic);
      return undefined;
    });
    const topic = Buffer.alloc(30_000, 0xff);
    const length = 2 + topic.length + 2;
    const connect = Buffer.from('101300044d5154540402003c0007737472616e6765', 'hex');
    const head = Buffer.from([
      0x32,
      (length & 0x7f) | 0x80,
      ((length >> 7) & 0x7f) | 0x80,
      length >> 14,
      topic.length >> 8,
      topic.length & 0xff,
    ]);
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.resume().write(Buffer.concat([connect, head, topic, Buffer.from([0, 1])]));
    await once(socket, 'close');
    assert.equal(await mosquittoPub(port, ['-q', '1', '-t', 'te/next', '-m', 'x']), 0);
    assert.deepEqual(seen, ['te/next']);
  });

  test('a publish that is held is neither acknowledged nor delivered until it is let go', async (t) => {
    const held = Promise.withResolvers<void>();
    let asked = 0;
    const broker = await openBroker(t, ({ topic }) => {
      asked += topic === 'held' ? 1 : 0;
      return topic === 'held' ? held.promise : undefined;
    });
    const watcher = await mosquittoSub(t, broker.port, ['-q', '1', '-t', '#']);
    const { session } = await clientOf(broker.port, 'publisher');
    const acknowledged: string[] = [];
    session.publish({ topic: 'held', payload: 'first', qos: 1 }, () => acknowledged.push('held'));
    await eventually(() => (asked > 0 ? true : undefined));
    await mosquittoPub(broker.port, ['-q', '1', '-t', 'free', '-m', 'second']);
    assert.deepEqual(await watcher.seen(1), ['second']);
    assert.deepEqual(acknowledged, []);
    held.resolve();
    assert.deepEqual(await watcher.seen(2), ['second', 'first']);
    await eventually(() => (acknowledged.length === 1 ? true : undefined));
    session.disconnect();
  });

  test('a publish that is refused ends its client’s connection unacknowledged', async (t) => {
    const broker = await openBroker(t, () => Promise.reject(new Error('no room')));
    const { session, closed } = await clientOf(broker.port, 'publisher');
    let isAcknowledged = false;
    session.publish({ topic: 'a', payload: '', qos: 1 }, () => {
      isAcknowledged = true;
    });
    await closed;
    assert.equal(isAcknowledged, false);
  });

  test('a packet above the limit ends its connection, and nobody else’s', async (t) => {
    const { port } = await openBroker(t);
    const watcher = await mosquittoSub(t, port, ['-q', '1', '-t', '#', '-F', '%l']);
    const large = 'x'.repeat(localPacketBytesMax - 100);
    assert.equal(await mosquittoPub(port, ['-q', '1', '-t', 'large', '-s'], large), 0);
    assert.notEqual(await mosquittoPub(port, ['-q', '1', '-t', 'larger', '-s'], `${large}${'x'.repeat(200)}`), 0);
    assert.equal(await mosquittoPub(port, ['-q', '1', '-t', 'small', '-m', '1']), 0);
    assert.deepEqual(await watcher.seen(2), [String(large.length), '1']);
  });

  test('[MQTT-4.7.1-3] in a session that stays, + selects an empty level as well, whether the client is there or away', async (t) => {
    const broker = await openBroker(t);
    const seen: string[] = [];
    const keep = () =>
      clientOf(broker.port, 'levels', {
        cleanSession: false,
        onMessage: ({ topic }: { topic: string }) => void seen.push(topic),
      });
    const first = await keep();
    const subscribe = (filter: string, qos: 0 | 1 = 1) =>
      new Promise<void>((resolve) => first.session.subscribe([{ filter, qos }], () => resolve()));
    for (const filter of ['te/+/+/+/+/m/+', 'te/+/+/+/+/m/', 'gone/+']) await subscribe(filter);
    await new Promise<void>((resolve) => first.session.unsubscribe(['gone/+'], resolve));
    const send = (topic: string) => broker.publish({ topic, payload: Buffer.from('x'), qos: 1, retain: false });
    await send('te/device/main///m/there');
    await eventually(() => (seen.length === 1 ? true : undefined));
    first.session.disconnect();
    await first.closed;
    for (const topic of ['te/device/main///m/', 'te/a/b/c/d/m/e', 'te/device/main///e/', 'gone/']) await send(topic);
    const second = await keep();
    await eventually(() => (seen.includes('te/a/b/c/d/m/e') ? true : undefined));
    await send('te/device/main///m/back');
    await eventually(() => (seen.includes('te/device/main///m/back') ? true : undefined));
    // What two filters select may come twice, and never not at all.
    const expected = ['te/device/main///m/there', 'te/device/main///m/', 'te/a/b/c/d/m/e', 'te/device/main///m/back'];
    assert.deepEqual([...new Set(seen)], expected);
    second.session.disconnect();
    await second.closed;
    const anew = await clientOf(broker.port, 'levels', { cleanSession: true });
    anew.session.disconnect();
    await anew.closed;
    await send('te/device/main///m/nobody');
    const third = await keep();
    assert.equal(third.isSessionPresent, false);
    third.session.disconnect();
  });

  test('a client that is away finds at most so many messages, the oldest of them, and the will of one that broke off is told', async (t) => {
    const broker = await openBroker(t);
    const seen: string[] = [];
    const options = { cleanSession: false, onMessage: ({ payload }: { payload: Buffer }) => void seen.push(payload.toString()) };
    const first = await clientOf(broker.port, 'keeps', options);
    await new Promise<void>((resolve) => first.session.subscribe([{ filter: 'n', qos: 1 }], () => resolve()));
    first.session.disconnect();
    await first.closed;
    for (let n = 1; n <= localQueueMax + 5; n++) {
      await broker.publish({ topic: 'n', payload: Buffer.from(String(n)), qos: 1, retain: false });
    }
    const second = await clientOf(broker.port, 'keeps', options);
    assert.equal(second.isSessionPresent, true);
    await eventually(() => (seen.length >= localQueueMax ? true : undefined));
    await broker.publish({ topic: 'n', payload: Buffer.from('new'), qos: 1, retain: false });
    await eventually(() => (seen.includes('new') ? true : undefined));
    assert.deepEqual(seen, [...Array.from({ length: localQueueMax }, (_, n) => String(n + 1)), 'new']);
    second.session.disconnect();

    const watcher = await mosquittoSub(t, broker.port, ['-q', '1', '-t', 'gone']);
    const dying = await mosquittoSub(t, broker.port, ['-t', 'x', '--will-topic', 'gone', '--will-payload', 'it died']);
    dying.kill();
    assert.deepEqual(await watcher.seen(1), ['it died']);
  });
});
