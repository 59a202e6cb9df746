import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import mqtt from 'mqtt';
import { invalidInputs } from '#edge/mapper/vectors/invalid-inputs.ts';
import { eventually } from '#test/support/eventually.ts';
import { type MapperBench, mapperHealth, openMapperBench, type RunningMapper } from '#test/support/mapper-bench.ts';

const measurements = 'te/device/main///m/';
const events = 'az/messages/events/';

/**
 * Goal: programs that know thin-edge's local topics find the mapper behaving as the original's, whichever broker is there.
 * Method: Debian's Mosquitto, mosquitto_pub and mosquitto_sub around `tedge-mapper az` in a process; no hub is needed to see
 * what the bridge would carry.
 */
describe('the mapper beside Mosquitto', () => {
  const closing: (() => void | Promise<void>)[] = [];
  let bench: MapperBench;
  let mapper: RunningMapper;
  before(async () => {
    bench = await openMapperBench({ after: (close) => void closing.push(close) });
    const health = await bench.sub(['az/messages/#'], '-R');
    mapper = await bench.startMapper();
    // Its own health goes to the hub as well, and would come between the messages of the first test.
    await health.seen(1);
    health.kill();
  });
  after(async () => {
    for (const close of closing.reverse()) await close();
  });

  test('thin-edge 46: invalid JSON makes exactly one message on te/errors, and none for the hub', async () => {
    const watcher = await bench.sub(['te/errors', 'tedge/errors', 'az/messages/#'], '-R');
    await bench.pub(measurements, 'not json');
    await bench.pub(measurements, '{"after": 1}');
    await eventually(() => (watcher.lines.some((line) => line.includes('"after":1')) ? true : undefined));
    const reason = `The message on '${measurements}' was not sent to the hub: The document is not valid JSON. It begins with: not json`;
    assert.deepEqual(watcher.lines.slice(0, -1), [`te/errors ${reason}`, `tedge/errors ${reason}`]);
  });

  test('thin-edge 47: a payload above the limit makes one message that names topic, size and limit, and later ones flow', async () => {
    const watcher = await bench.sub(['te/errors', 'az/messages/#'], '-R');
    const large = `{"a":"${'x'.repeat(300 * 1024)}"}`;
    await bench.pub(measurements, large);
    // More than the mapper would ever keep: it reads past it.
    await bench.pub(measurements, Buffer.alloc(9 * 1024 * 1024, 'y'));
    await bench.pub(measurements, Buffer.alloc(9 * 1024 * 1024, 'z'), '-q', '0');
    await bench.pub(measurements, '{"after": 1}');
    const lines = await watcher.seen(4);
    assert.match(lines[0] ?? '', /^te\/errors .*te\/device\/main\/\/\/m\/.* 3072\d\d bytes.* 262144 /);
    for (const line of lines.slice(1, 3)) assert.match(line, /^te\/errors .*te\/device\/main\/\/\/m\/.* 9437184 bytes.* 262144 /);
    assert.match(lines[3] ?? '', /^az\/messages\/events\/ \{"after":1,/);
    assert.doesNotMatch(mapper.log(), /disconnected/);
  });

  test('a hundred invalid inputs are each reported with their reason, none stops the mapper, and none goes to the hub', async (t) => {
    const watcher = await bench.sub(['te/errors', 'az/messages/#'], '-R');
    const client = await mqtt.connectAsync(bench.mosquitto.url, { reconnectPeriod: 0, protocolVersion: 4 });
    t.after(() => client.endAsync(true));
    for (const { topic, payload } of invalidInputs) await client.publishAsync(topic, payload, { qos: 1 });
    await client.publishAsync(measurements, '{"after": 1}', { qos: 1 });
    const lines = await watcher.seen(invalidInputs.length + 1);
    for (const [index, { topic, reason }] of invalidInputs.entries()) {
      const line = lines[index] ?? '';
      assert.ok(line.startsWith(`te/errors The message on '${topic}' was not sent`), line);
      assert.match(line, reason);
    }
    assert.match(lines.at(-1) ?? '', /^az\/messages\/events\/ \{"after":1,/);
    assert.ok(mapper.isRunning && !/disconnected/.test(mapper.log()));
  });

  test('thin-edge 48: health as Mosquitto writes it is not for the hub, and as an object it is', async () => {
    const watcher = await bench.sub(['te/errors', 'az/messages/#'], '-R');
    for (const service of ['mosquitto-az-bridge', 'plc']) {
      for (const payload of ['0', '1', '']) await bench.pub(`te/device/main/service/${service}/status/health`, payload, '-r');
    }
    await bench.pub('te/device/main/service/plc/status/health', '{"pid":7,"status":"up","time":1740830400}', '-r');
    assert.deepEqual(await watcher.seen(1), [`${events} {"pid":7,"status":"up","time":1740830400}`]);
  });

  test('a check is answered with health, in both generations', async () => {
    const watcher = await bench.sub([mapperHealth, 'tedge/health/tedge-mapper-az'], '-R');
    for (const [index, topic] of [
      'te/device/main/service/tedge-mapper-az/cmd/health/check',
      'te/device/main///cmd/health/check',
      'tedge/health-check',
      'tedge/health-check/tedge-mapper-az',
    ].entries()) {
      await bench.pub(topic, '{}');
      const line = (await watcher.seen(index + 1))[index] ?? '';
      assert.ok(line.startsWith(index < 2 ? `${mapperHealth} {` : 'tedge/health/tedge-mapper-az {'), line);
      assert.match(line, /"status":"up"/);
    }
  });
});

describe('a mapper that ends and begins again', () => {
  test('thin-edge 52: registered, then up, both retained; down after SIGKILL and after SIGTERM', async (t) => {
    const bench = await openMapperBench(t);
    const mapper = await bench.startMapper();
    assert.deepEqual(JSON.parse(await bench.retained('te/device/main/service/tedge-mapper-az')), {
      '@type': 'service',
      '@parent': 'device/main//',
      name: 'tedge-mapper-az',
      type: 'service',
    });
    const health = async () => JSON.parse(await bench.retained(mapperHealth));
    const { pid, status, time } = await health();
    assert.deepEqual([status, typeof pid, typeof time], ['up', 'number', 'number']);
    await mapper.end('SIGKILL');
    await eventually(async () => ((await health()).status === 'down' ? true : undefined));
    assert.deepEqual(await health(), { pid, status: 'down' });
    const again = await bench.startMapper({ TEDGE_SERVICE_TIMESTAMP_FORMAT: 'rfc-3339', TEDGE_SERVICE_TYPE: 'systemd' }, 'tedge');
    assert.match((await health()).time, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    assert.equal(JSON.parse(await bench.retained('te/device/main/service/tedge-mapper-az')).type, 'systemd');
    assert.equal(await again.end('SIGTERM'), 0);
    assert.equal((await health()).status, 'down');
    await bench.startMapper({}, 'tedge_mapper');
  });

  test('a burst through which the mapper is killed leaves no gap', async (t) => {
    const bench = await openMapperBench(t);
    const mapper = await bench.startMapper();
    const watcher = await bench.sub([events], '-R');
    const numbers = Array.from({ length: 800 }, (_, index) => index);
    const published = bench.pubLines(
      measurements,
      numbers.map((n) => `{"n":${n}}`),
    );
    await watcher.seen(50);
    await mapper.end('SIGKILL');
    assert.equal(await published, 0);
    await bench.startMapper();
    const found = await eventually(() => {
      const seen = watcher.lines.flatMap((line) => [...line.matchAll(/"n":(\d+)/g)].map(([, n]) => Number(n)));
      return new Set(seen).size === numbers.length ? seen : undefined;
    });
    // Firsts are in order; what was not acknowledged yet may come twice.
    assert.deepEqual([...new Set(found)], numbers);
  });

  test('what is published while the mapper is away waits for it, and it finds a broker that was restarted', async (t) => {
    const bench = await openMapperBench(t);
    const mapper = await bench.startMapper();
    await mapper.end('SIGTERM');
    const watcher = await bench.sub([events], '-R');
    await bench.pub(measurements, '{"while":"away"}');
    const again = await bench.startMapper();
    await eventually(() => (watcher.lines.some((line) => line.includes('"while":"away"')) ? true : undefined));
    await bench.restartMosquitto();
    await bench.mosquitto.logged(/Sending SUBACK to tedge-mapper-az/, 10);
    const later = await bench.sub([events], '-R');
    await bench.pub(measurements, '{"after":"restart"}');
    await eventually(() => (later.lines.some((line) => line.includes('"after":"restart"')) ? true : undefined));
    assert.equal(again.log().match(/mapper\.disconnected/g)?.length, 1, again.log());
    assert.equal(await again.end('SIGTERM'), 0);
  });
});
