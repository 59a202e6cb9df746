import assert from 'node:assert/strict';
import { after, before, describe, type TestContext, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { makeBridgeDevice } from '#test/support/bridge-device.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { openMapperBench } from '#test/support/mapper-bench.ts';
import { bridgeLines } from '#test/support/mosquitto.ts';

/** A message as the hub has it: its body, where a time that was added is not looked at closely, and the child that it names. */
type Seen = { body: JsonObject; child: string | undefined };

/**
 * Goal: what programs say on the local topics of either generation reaches the hub as the original's mapper sends it.
 * Method: mosquitto_pub → Debian's Mosquitto → `tedge-mapper az` → the bridge that thin-edge configures → our hub; what
 * arrived is read back, parsed, in order.
 */
describe('the mapper and the hub', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench.close());

  async function start(t: TestContext, deviceId: string, environment: Record<string, string> = {}) {
    const device = await makeBridgeDevice(bench, deviceId);
    const to = { hub: bench.home.status.hub, address: bench.home.address, ca: bench.home.status.ca };
    const edge = await openMapperBench(t, { lines: bridgeLines('1.x', { ...to, ...device }) });
    const since = Date.now() / 1000;
    await edge.startMapper(environment);
    /** Publishes in order, and resolves with what the hub has since the mapper said that it is up. */
    async function send(messages: readonly (readonly [topic: string, payload: string, ...words: string[]])[], count: number) {
      for (const [topic, payload, ...words] of messages) await edge.pub(topic, payload, ...words);
      await edge.pub('az/messages/events/', '{"end":true}');
      const rows = await eventually(async () => {
        const found = (await bench.raw(deviceId)).filter(({ source }) => source === 'Telemetry').reverse();
        return found.length >= count + 2 ? found : undefined;
      });
      const seen = rows.map(
        ({ body, properties }): Seen => ({ body: withoutTime(JSON.parse(body), since), child: properties['dt-subject'] }),
      );
      // The message that went straight to the bridge may have overtaken any of the others.
      const mapped = seen.filter(({ body }) => body.end !== true);
      assert.equal(mapped[0]?.body.status, 'up', 'the first is that the mapper is up');
      return mapped.slice(1);
    }
    return { edge, send };
  }

  test('thin-edge 44: every row of the table holds at the hub', async (t) => {
    const { send } = await start(t, 'mapped');
    const rows: [topic: string, payload: string, body: JsonObject | undefined, ...words: string[]][] = [
      ['te/device/main///m/', '{"temperature": 20}', { temperature: 20, time: 'added' }],
      ['te/device/main///m/env', '{"time":"2025-03-01T13:00:00+01:00","rh":41.5}', { rh: 41.5, time: 1740830400 }],
      ['te/device/pump7///m/flow', '{"lpm": 3.2}', { lpm: 3.2, time: 'added' }],
      ['te/device/main/service/plc/m/', '{"cycle_ms": 9}', { cycle_ms: 9, time: 'added' }],
      ['te/device/main///e/door', '{"text":"door open","who":"ann"}', { text: 'door open', time: 'added', who: 'ann' }],
      [
        'te/device/main///a/overheat',
        '{"severity":"major","text":"92 °C"}',
        { severity: 'major', text: '92 °C', time: 'added' },
        '-r',
      ],
      ['te/device/main///a/overheat', '', undefined, '-r'],
      [
        'te/device/main/service/other/status/health',
        '{"pid":7,"status":"up","time":1740830400}',
        { pid: 7, status: 'up', time: 1740830400 },
      ],
      ['te/device/main/service/mosquitto-az-bridge/status/health', '1', undefined],
      ['te/device/main///twin/fw', '{"v":"2"}', undefined, '-r'],
      ['tedge/measurements', '{"temperature": 20}', { temperature: 20, time: 'added' }],
      ['tedge/measurements/pump7', '{"lpm": 3}', { lpm: 3, time: 'added' }],
      ['te/device/main///m/', 'not json', undefined],
      ['te/device/main///m/', `{"a":"${'x'.repeat(300 * 1024)}"}`, undefined],
    ];
    const expected = rows.flatMap(([, , body]) => (body ? [body] : []));
    const found = await send(
      rows.map(([topic, payload, , ...words]) => [topic, payload, ...words]),
      expected.length,
    );
    assert.deepEqual(
      found.map(({ body }) => body),
      expected,
    );
    assert.deepEqual(
      found.flatMap(({ body, child }) => (child === undefined ? [] : [[child, body.lpm]])),
      [
        ['pump7', 3.2],
        ['pump7', 3],
      ],
    );
  });

  test('thin-edge 44: and the rows with other settings of time', async (t) => {
    const rfc = await start(t, 'mapped-rfc', { TEDGE_AZ_MAPPER_TIMESTAMP_FORMAT: 'rfc-3339' });
    const [texts] = await rfc.send([['te/device/main///m/', '{"time":1740830400,"rh":41.5}']], 1);
    assert.deepEqual(texts?.body, { rh: 41.5, time: '2025-03-01T12:00:00Z' });
    const bare = await start(t, 'mapped-bare', { TEDGE_AZ_MAPPER_TIMESTAMP: 'false' });
    const [timeless] = await bare.send([['te/device/main///m/', '{"z":1,"a":{"y":2,"x":3}}']], 1);
    assert.equal(JSON.stringify(timeless?.body), '{"a":{"x":3,"y":2},"z":1}');
  });

  test('thin-edge 45: a name of the first generation gives at the hub what its new form gives', async (t) => {
    const { send } = await start(t, 'two-generations');
    const pairs = [
      ['tedge/measurements', '{"a":1}', 'te/device/main///m/', '{"a":1}'],
      ['tedge/measurements/pump7', '{"a":2}', 'te/device/pump7///m/', '{"a":2}'],
      ['tedge/events/door', '{"text":"3"}', 'te/device/main///e/door', '{"text":"3"}'],
      ['tedge/events/door/pump7', '{"text":"4"}', 'te/device/pump7///e/door', '{"text":"4"}'],
      ['tedge/alarms/major/heat', '{"text":"5"}', 'te/device/main///a/heat', '{"severity":"major","text":"5"}'],
      ['tedge/alarms/minor/heat/pump7', '{"text":"6"}', 'te/device/pump7///a/heat', '{"severity":"minor","text":"6"}'],
      ['tedge/health/plc', '{"status":"7"}', 'te/device/main/service/plc/status/health', '{"status":"7"}'],
    ] as const;
    const found = await send(
      pairs.flatMap(([old, oldPayload, later, payload]) => [[old, oldPayload] as const, [later, payload] as const]),
      2 * pairs.length,
    );
    assert.equal(found.length, 2 * pairs.length);
    for (const [index, [old]] of pairs.entries()) assert.deepEqual(found[2 * index], found[2 * index + 1], old);
  });

  test('a twin fragment and its removal reach the reported properties, where a setting wants it', async (t) => {
    const { edge } = await start(t, 'mapped-twin', { TEDGE_AZ_MAPPER_TWIN: 'true' });
    const reported = async () => {
      const twin = JSON.parse(await bench.home.ok('homeport', ['hub', 'twin', 'show', '-d', 'mapped-twin', '--json']));
      return twin.properties.reported.fw;
    };
    await edge.pub('te/device/main///twin/fw', '{"v":"2"}', '-r');
    await eventually(async () => ((await reported())?.v === '2' ? true : undefined));
    await edge.pub('te/device/main///twin/fw', '', '-r');
    await eventually(async () => ((await reported()) === undefined ? true : undefined));
  });
});

function withoutTime(body: JsonObject, since: number): JsonObject {
  const { time } = body;
  return typeof time === 'number' && time >= since - 1 && time <= Date.now() / 1000 + 1 ? { ...body, time: 'added' } : body;
}
