import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { topicMatches } from '#wire/mqtt/topic-matches.ts';
import { TedgeSettings } from '../settings/tedge-settings.ts';
import { formatRefusal } from './error-text.ts';
import { loadMapperRules, type MapperRules } from './mapper-rules.ts';
import { translate } from './translate.ts';
import { invalidInputs } from './vectors/invalid-inputs.ts';

const now = instant(Date.UTC(2025, 2, 1, 12, 0, 0, 250));
const time = 1740830400.25;

function rulesWith(environment: Record<string, string> = {}): MapperRules {
  const file = { path: 'tedge.toml', unknownKeys: [], read: () => undefined };
  return loadMapperRules(new TedgeSettings('/etc/tedge', file, environment));
}

const events = 'az/messages/events/';
const nothing = { kind: 'nothing' };

/** Payload as it would be read at the other end. */
function translated(topic: string, payload: string | Buffer, environment: Record<string, string> = {}) {
  const translation = translate({ topic, payload: Buffer.from(payload) }, rulesWith(environment), now);
  if (translation.kind !== 'publish') return translation;
  return { topic: translation.topic, body: JSON.parse(translation.payload) };
}

const rfc = { TEDGE_AZ_MAPPER_TIMESTAMP_FORMAT: 'rfc-3339' };
const timeless = { TEDGE_AZ_MAPPER_TIMESTAMP: 'false' };

describe('the table of translations', () => {
  for (const [topic, payload, expected, environment] of [
    ['te/device/main///m/', '{"temperature": 20}', { temperature: 20, time }],
    ['te/device/main///m/env', '{"time":"2025-03-01T13:00:00+01:00","rh":41.5}', { rh: 41.5, time: 1740830400 }],
    ['te/device/main///m/env', '{"time":1740830400,"rh":41.5}', { rh: 41.5, time: '2025-03-01T12:00:00Z' }, rfc],
    ['te/device/main///m/env', '{"z":1,"a":{"y":2,"x":3}}', { a: { x: 3, y: 2 }, z: 1 }, timeless],
    ['te/device/main/service/plc/m/', '{"cycle_ms": 9}', { cycle_ms: 9, time }],
    ['te/device/main///e/door', '{"text":"door open","who":"ann"}', { text: 'door open', time, who: 'ann' }],
    ['te/device/main///a/overheat', '{"severity":"major","text":"92 °C"}', { severity: 'major', text: '92 °C', time }],
    ['te/device/main///a/overheat', '', nothing],
    [
      'te/device/main/service/tedge-mapper-az/status/health',
      '{"pid":7,"status":"up","time":1740830400}',
      { pid: 7, status: 'up', time: 1740830400 },
    ],
    ['te/device/main/service/mosquitto-az-bridge/status/health', '1', nothing],
    ['te/device/main/service/mosquitto-az-bridge/status/health', '0', nothing],
    ['te/device/main///twin/fw', '{"v":"2"}', nothing],
    ['tedge/measurements', '{"temperature": 20}', { temperature: 20, time }],
    // What the seed's command publishes is the bridge's alone, even if somebody asks for every topic.
    [events, '{"temperature": 20}', nothing],
  ] as const) {
    test(`${topic} ${payload} ${environment ? JSON.stringify(environment) : ''}`, () => {
      const found = translated(topic, payload, environment);
      assert.deepEqual(found, 'kind' in expected ? expected : { topic: events, body: expected });
    });
  }

  test('what would have a topic at the hub that is longer than MQTT lets it be is refused', () => {
    assert.deepEqual(translated(`te/device/${'ä'.repeat(22_000)}///m/`, '{"a":1}'), {
      kind: 'refused',
      reason: 'its topic is too long',
    });
  });

  test('a child that is an identity of the hub speaks on topics of its own, its services too, and has a twin', () => {
    const environment = { TEDGE_AZ_CHILDREN: 'module', TEDGE_AZ_MAPPER_TWIN: 'true', ...timeless };
    const own = 'az/children/pump7';
    for (const topic of ['te/device/pump7///m/flow', 'te/device/pump7/service/plc/m/', 'tedge/measurements/pump7']) {
      assert.deepEqual(translated(topic, '{"lpm":3}', environment), { topic: `${own}/messages/events/`, body: { lpm: 3 } });
    }
    assert.deepEqual(translated('te/device/main///m/', '{"a":1}', environment), { topic: events, body: { a: 1 } });
    assert.deepEqual(translated('te/device/pump7///twin/fw', '"2"', environment), {
      topic: `${own}/twin/PATCH/properties/reported/?$rid=fragment-fw`,
      body: { fw: '2' },
    });
    assert.deepEqual(translated('te/device/pump7/service/plc/twin/fw', '"2"', environment), nothing);
    const refused = translated('te/device/pump 7///m/', '{"a":1}', environment);
    assert.match('reason' in refused ? refused.reason : '', /cannot have its name at the hub/);
    assert.ok(rulesWith(environment).filters.some((filter) => topicMatches(filter, 'te/device/pump7///twin/fw')));
  });

  test('a child is named in the property bag, and the body is the same', () => {
    const child = { topic: `${events}%24.sub=pump7`, body: { lpm: 3.2, time } };
    assert.deepEqual(translated('te/device/pump7///m/flow', '{"lpm": 3.2}'), child);
    assert.deepEqual(translated('te/device/pump7/service/plc/m/flow', '{"lpm": 3.2}'), child);
    assert.deepEqual(translated('tedge/measurements/pump7', '{"lpm": 3.2}'), child);
    const odd = translated('te/device/pump &7///m/', '{}');
    assert.equal('topic' in odd && odd.topic, `${events}%24.sub=pump%20%267`);
  });

  test('names of the first generation give what their new forms give', () => {
    for (const [old, oldPayload, later, laterPayload = oldPayload] of [
      ['tedge/measurements', '{"a":{"b":1},"c":2}', 'te/device/main///m/'],
      ['tedge/measurements/pump7', '{"a":1,"time":"2025-03-01T12:00:00Z"}', 'te/device/pump7///m/'],
      ['tedge/events/door', '{"text":"open"}', 'te/device/main///e/door'],
      ['tedge/events/door/pump7', '{"text":"open"}', 'te/device/pump7///e/door'],
      ['tedge/alarms/major/heat', '{"text":"hot"}', 'te/device/main///a/heat', '{"text":"hot","severity":"major"}'],
      ['tedge/alarms/minor/heat/pump7', '{}', 'te/device/pump7///a/heat', '{"severity":"minor"}'],
      ['tedge/alarms/critical/heat', '', 'te/device/main///a/heat'],
      ['tedge/health/plc', '{"status":"up"}', 'te/device/main/service/plc/status/health'],
      ['tedge/health/mosquitto-az-bridge', '1', 'te/device/main/service/mosquitto-az-bridge/status/health'],
    ] as const) {
      assert.deepEqual(translated(old, oldPayload), translated(later, laterPayload), old);
    }
  });

  test('what is for programs on the device stays there', () => {
    for (const topic of [
      'te/errors',
      'tedge/errors',
      'tedge/health-check/tedge-mapper-az',
      'te/device/main//',
      'te/device/main/service/plc',
      'te/device/main///m/env/meta',
      'te/device/main///cmd/restart/1',
      'te/device/main///cmd/restart',
      'te/device/main///signal/sync',
      'te/device/main///config',
      'te/device/main///hasOwnProperty/x',
      'az/twin/res/200/?$rid=1',
    ]) {
      assert.deepEqual(translated(topic, 'whatever'), nothing, topic);
    }
  });

  test('a topic of somebody’s own is the main device’s', () => {
    assert.deepEqual(translated('sensors/attic', '{"a":1}'), { topic: events, body: { a: 1, time } });
    assert.deepEqual(translated('te/factory/line1/robot/arm/m/x', '{"a":1}'), { topic: events, body: { a: 1, time } });
  });
});

describe('extensions, which are off until a setting turns them on', () => {
  test('a cleared alarm is told', () => {
    const environment = { TEDGE_AZ_MAPPER_CLEARED_ALARMS: 'true' };
    const told = { topic: events, body: { cleared: true, time } };
    assert.deepEqual(translated('te/device/main///a/overheat', '', environment), told);
    assert.deepEqual(translated('tedge/alarms/major/overheat', '', environment), told);
  });

  test('a twin fragment of the main device is a reported property; an empty one takes it out', () => {
    const environment = { TEDGE_AZ_MAPPER_TWIN: 'true' };
    const topic = 'az/twin/PATCH/properties/reported/?$rid=fragment-fw';
    for (const [payload, body] of [
      ['{"v":"2"}', { fw: { v: '2' } }],
      [' "2" ', { fw: '2' }],
      ['12.50', { fw: 12.5 }],
      ['', { fw: null }],
    ] as const) {
      assert.deepEqual(translated('te/device/main///twin/fw', payload, environment), { topic, body }, payload);
    }
    assert.deepEqual(translated('te/device/pump7///twin/fw', '1', environment), nothing);
    for (const [name, payload] of [
      ['a.b', '1'],
      ['$a', '1'],
      ['a b', '1'],
      ['', '1'],
      ['fw', '1,"b":2'],
    ] as const) {
      assert.equal('kind' in translated(`te/device/main///twin/${name}`, payload, environment), true, name);
    }
  });

  test('messages say what they are', () => {
    const found = translated('te/device/pump7///m/', '{}', { TEDGE_AZ_MAPPER_CONTENT_TYPE: 'true' });
    assert.equal('topic' in found && found.topic, `${events}%24.ct=application%2Fjson&%24.ce=utf-8&%24.sub=pump7`);
  });

  test('Thin Edge JSON is insisted on for every measurement, and for nothing else', () => {
    const environment = { TEDGE_AZ_MAPPER_STRICT: 'true' };
    const refused = translated('te/device/main///m/', '{"a":"text"}', environment);
    assert.ok('reason' in refused && /is no number/.test(refused.reason));
    assert.ok('body' in translated('te/device/main///m/', '{"a":1,"time":1700000000,"properties":{"x":"y"}}', environment));
    assert.ok('body' in translated('te/device/main///e/door', '{"text":"open"}', environment));
  });
});

describe('payloads', () => {
  test('numbers keep their digits, names are sorted at every level, and of two the last counts', () => {
    const payload =
      ' { "b" : [ 24.0 , { "z" : 12345678901234567890 , "a" : "\\u00e9 \\"x\\", }" } ] , "a" : 1E2 , "b2":1, "b2":{} , "time" : 1.50 } ';
    const found = translate({ topic: 'te/device/main///m/', payload: Buffer.from(payload) }, rulesWith(), now);
    assert.deepEqual(found, {
      kind: 'publish',
      topic: events,
      payload: '{"a":1E2,"b":[24.0,{"a":"\\u00e9 \\"x\\", }","z":12345678901234567890}],"b2":{},"time":1.50}',
    });
  });

  test('names that mean something to JavaScript are names', () => {
    const found = translate(
      { topic: 'te/device/main///m/', payload: Buffer.from('{"__proto__":{"a":1},"constructor":2,"10":1,"9":2}') },
      rulesWith(timeless),
      now,
    );
    assert.equal(found.kind === 'publish' && found.payload, '{"10":1,"9":2,"__proto__":{"a":1},"constructor":2}');
  });

  test('a text that is no time passes where times are texts', () => {
    assert.deepEqual(translated('te/device/main///m/', '{"time":"yesterday"}', rfc), {
      topic: events,
      body: { time: 'yesterday' },
    });
    const added = translated('te/device/main///m/', '{}', rfc);
    assert.deepEqual(added, { topic: events, body: { time: '2025-03-01T12:00:00.25Z' } });
    assert.ok('reason' in translated('te/device/main///m/', '{"time":1e15}', rfc));
  });

  test('a whole second is printed with a fraction, as by the original', () => {
    const at = instant(1740830400000);
    const found = translate({ topic: 'te/device/main///m/', payload: Buffer.from('{}') }, rulesWith(), at);
    assert.equal(found.kind === 'publish' && found.payload, '{"time":1740830400.0}');
  });

  test('the limit is on what would be sent, to the byte', () => {
    const environment = { TEDGE_AZ_MAPPER_MQTT_MAX_PAYLOAD_SIZE: '20', ...timeless };
    assert.ok('body' in translated('te/device/main///m/', `{"a":     "${'x'.repeat(12)}"}`, environment));
    const refused = translated('te/device/main///m/', `{"a":"${'é'.repeat(7)}"}`, environment);
    assert.deepEqual(refused, { kind: 'refused', reason: 'it has 22 bytes, and at most 20 are sent' });
  });
});

describe('what is refused', () => {
  test('a hundred invalid inputs, each with its reason, on topics that the mapper reads', () => {
    assert.ok(invalidInputs.length >= 100, `${invalidInputs.length}`);
    const rules = rulesWith();
    for (const { topic, payload, reason } of invalidInputs) {
      const what = `${topic} ${payload.toString().slice(0, 60)}`;
      assert.ok(
        rules.filters.some((filter) => topicMatches(filter, topic)),
        what,
      );
      const translation = translate({ topic, payload: Buffer.from(payload) }, rules, now);
      assert.equal(translation.kind, 'refused', what);
      assert.match(translation.kind === 'refused' ? translation.reason : '', reason, what);
    }
  });

  test('a refusal names the topic and echoes little', () => {
    const secret = 'x'.repeat(35) + 'y'.repeat(200);
    const text = formatRefusal(
      { topic: `te/device/main///m/${'t'.repeat(500)}\u0007`, payload: Buffer.from(secret) },
      'a reason',
    );
    assert.ok(text.includes('te/device/main///m/') && text.includes('a reason') && text.length < 300, text);
    assert.ok((text.match(/y/g) ?? []).length < 40 && !text.includes('\u0007'));
    assert.doesNotMatch(formatRefusal({ topic: 'a', payload: Buffer.alloc(0) }, 'r'), /begins/);
  });
});

test('settings that no topic can have are refused', () => {
  for (const environment of [
    { TEDGE_MQTT_TOPIC_ROOT: 'a/b' },
    { TEDGE_AZ_BRIDGE_TOPIC_PREFIX: '#' },
    { TEDGE_MQTT_DEVICE_TOPIC_ID: 'device/+//' },
    { TEDGE_MQTT_DEVICE_TOPIC_ID: 'a/b/c/d/e' },
    { TEDGE_AZ_TOPICS: 'te/#/m' },
  ]) {
    assert.throws(() => rulesWith(environment), { code: 'argument-invalid' }, JSON.stringify(environment));
  }
  const own = rulesWith({ TEDGE_MQTT_TOPIC_ROOT: 'edge', TEDGE_MQTT_DEVICE_TOPIC_ID: 'device/rpi' });
  assert.equal(own.filters[0], 'edge/+/+/+/+/m/+');
  const found = translate({ topic: 'edge/device/rpi///m/', payload: Buffer.from('{}') }, own, now);
  assert.equal(found.kind === 'publish' && found.topic, events);
  const health = translate({ topic: 'tedge/health/plc', payload: Buffer.from('{}') }, own, now);
  assert.equal(health.kind === 'publish' && health.topic, events);
  const other = translate({ topic: 'edge/device/main///m/', payload: Buffer.from('{}') }, own, now);
  assert.equal(other.kind === 'publish' && other.topic, `${events}%24.sub=main`);
});
