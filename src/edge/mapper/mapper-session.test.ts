import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { testPlatform } from '#test/support/test-platform.ts';
import type { OutboundPublish, Qos } from '#wire/mqtt/packet.ts';
import { serviceHealth } from '../health/service-health.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { mapperQueue } from './limits.ts';
import { loadMapperRules } from './mapper-rules.ts';
import { MapperSession } from './mapper-session.ts';

/** A session of which the test is the broker: it sees what is sent and acknowledges when it likes. */
function openBench({ window = 4 } = {}) {
  const platform = testPlatform();
  const rules = loadMapperRules(new TedgeSettings('/etc', { path: 't', unknownKeys: [], read: () => undefined }, {}));
  const health = serviceHealth({ ...rules, service: 'tedge-mapper-az', type: 'service', timeFormat: 'unix', pid: 7 });
  const mapper = new MapperSession(platform, { rules, health });
  const sent: OutboundPublish[] = [];
  const acknowledged: number[] = [];
  const waiting: (() => void)[] = [];
  let isDisconnected = false;
  const session = {
    publish(packet: OutboundPublish, onAck?: () => void) {
      if (waiting.length >= window) return false;
      sent.push(packet);
      waiting.push(onAck ?? (() => {}));
      return true;
    },
    acknowledge: (packetId: number) => void acknowledged.push(packetId),
    disconnect() {
      isDisconnected = true;
    },
  };
  return {
    platform,
    mapper,
    session,
    sent,
    acknowledged,
    isDisconnected: () => isDisconnected,
    /** The broker acknowledges the oldest `count`. */
    answer(count = 1) {
      for (const onAck of waiting.splice(0, count)) onAck();
    },
    answerAll() {
      while (waiting.length > 0) this.answer();
    },
    receive: (payload: string, qos: Qos = 1, packetId = 1) =>
      mapper.receive({ topic: 'te/device/main///m/', payload: Buffer.from(payload), qos, packetId, retain: false, dup: false }),
  };
}

describe('a session of the mapper', () => {
  test('a message is acknowledged when all that became of it is, and one that becomes nothing at once', () => {
    const bench = openBench();
    bench.mapper.open(bench.session);
    bench.receive('{}', 1, 1);
    bench.receive('not json', 1, 2);
    assert.deepEqual(
      bench.sent.map(({ topic }) => topic),
      ['az/messages/events/', 'te/errors', 'tedge/errors'],
    );
    assert.deepEqual(bench.acknowledged, []);
    bench.answer(2);
    assert.deepEqual(bench.acknowledged, [1]);
    bench.answer(1);
    assert.deepEqual(bench.acknowledged, [1, 2]);
    const silent = { topic: 'te/device/main///m/x/meta', payload: Buffer.from('{}'), retain: false, dup: false };
    bench.mapper.receive({ ...silent, qos: 1, packetId: 3 });
    assert.deepEqual(bench.acknowledged, [1, 2, 3]);
  });

  test('what comes before there is a session waits for it', () => {
    const bench = openBench();
    bench.receive('{}', 1, 5);
    const unasked = { topic: 'from/settings/of/before', payload: Buffer.from('{}'), retain: false, dup: false };
    bench.mapper.receive({ ...unasked, qos: 1, packetId: 6 });
    bench.mapper.open(bench.session);
    assert.deepEqual(bench.acknowledged, [6]);
    bench.answerAll();
    assert.deepEqual(bench.acknowledged, [6, 5]);
    assert.equal(bench.sent.length, 1);
  });

  test('at the limit QoS 0 is dropped and counted; with QoS 1 the connection is made anew', () => {
    const bench = openBench();
    bench.mapper.open(bench.session);
    for (let n = 0; n < mapperQueue.messagesMax; n++) bench.receive('{}', 0, 0);
    for (let n = 0; n < 3; n++) bench.receive('{}', 0, 0);
    assert.equal(bench.isDisconnected(), false);
    bench.receive('{}', 1, 9);
    assert.equal(bench.isDisconnected(), true);
    bench.answerAll();
    assert.deepEqual(bench.acknowledged, []);
    assert.equal(bench.sent.length, mapperQueue.messagesMax + 2);
    assert.match(String(bench.sent.at(-2)?.payload), /^3 messages of QoS 0 were dropped/);
  });

  test('bytes are limited as well, and one message is always taken', () => {
    const bench = openBench({ window: 1 });
    bench.mapper.open(bench.session);
    const large = `{"a":"${'x'.repeat(200_000)}"}`;
    const fits = Math.floor(mapperQueue.bytesMax / 200_060);
    for (let n = 0; n < fits + 5; n++) bench.receive(large, 0, 0);
    bench.answerAll();
    assert.match(String(bench.sent.at(-1)?.payload), /^5 messages of QoS 0 were dropped/);
    assert.equal(bench.sent.length, fits + 2);
  });

  test('the last word is waited for, but not for long', async () => {
    const bench = openBench();
    bench.mapper.open(bench.session);
    const heard = bench.mapper.farewell();
    assert.deepEqual(bench.sent.at(-1), {
      topic: 'te/device/main/service/tedge-mapper-az/status/health',
      payload: '{"pid":7,"status":"down"}',
      qos: 1,
      retain: true,
    });
    bench.answer();
    await heard;
    const deaf = bench.mapper.farewell();
    bench.platform.clock.advance(2_000);
    await deaf;
  });
});
