import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applicationBench } from '#test/support/application-bench.ts';
import { TemperatureHumidity } from './temperature-humidity.ts';

const topic = 'devices/dev1/messages/events/';
const desiredTopic = '$iothub/twin/PATCH/properties/desired/?$version=2';

function connected(options: { modelId?: string; seed?: string } = {}) {
  const device = applicationBench((port) => new TemperatureHumidity(port, options), { seed: options.seed ?? 'd4' });
  device.connect();
  device.receive('$iothub/twin/res/200/?$rid=1', '{"desired":{"$version":1},"reported":{"$version":1}}');
  device.sent();
  return device;
}

describe('D4, temperature and humidity', () => {
  test('sphere 98: each cycle sends two messages whose values are strings with two decimals', () => {
    const device = connected();
    for (let i = 0; i < 200; i++) {
      device.tick();
      const [temperature, humidity, ...more] = device.sent();
      assert.deepEqual(more, []);
      assert.equal(temperature?.topic, topic, 'no properties at all');
      assert.match(temperature?.body ?? '', /^\{ "Temperature": "-?\d+\.\d\d" \}$/);
      assert.match(humidity?.body ?? '', /^\{ "Humidity": "\d+\.\d\d" \}$/);
      assert.equal(humidity?.qos, 1);
    }
    assert.match(device.log[0] ?? '', /^INFO: OLED: Temp: : -?\d+\.\d\d$/);
  });

  test('its readings stay in a living room', () => {
    const device = connected();
    for (let i = 0; i < 2000; i++) {
      device.tick();
      const [temperature, humidity] = device.sent().map(({ body }) => Number(/\d+\.\d\d/.exec(body)?.[0]));
      assert.ok(temperature !== undefined && temperature > 10 && temperature < 36, String(temperature));
      assert.ok(humidity !== undefined && humidity > 20 && humidity < 70, String(humidity));
    }
  });

  test('without a connection nothing is measured or sent', () => {
    const device = connected();
    device.disconnect();
    device.log.length = 0;
    device.tick();
    assert.deepEqual([device.sent(), device.log], [[], []]);
  });

  test('its buttons: a press, and an orientation that alternates beginning with Up', () => {
    const device = connected();
    device.application.press('A');
    device.application.press('B');
    device.application.press('B');
    device.application.press('B');
    assert.deepEqual(
      device.sent().map(({ body }) => body),
      ['{ "ButtonPress": "True" }', '{ "Orientation": "Up" }', '{ "Orientation": "Down" }', '{ "Orientation": "Up" }'],
    );
  });

  test('a wrapped StatusLED is answered unwrapped; anything else is not answered', () => {
    const device = connected();
    device.receive(desiredTopic, '{"StatusLED":{"value":true},"$version":2}');
    device.receive(desiredTopic, '{"StatusLED":{"value":false},"$version":3}');
    assert.deepEqual(
      device.sent().map(({ body }) => body),
      ['{"StatusLED":true}', '{"StatusLED":false}'],
    );
    for (const body of ['{"StatusLED":true}', '{"StatusLED":{"value":"true"}}', '{"statusLED":{"value":true}}', '{', '[]']) {
      device.receive(desiredTopic, body);
    }
    assert.deepEqual(device.sent(), []);
  });

  test('it does not ask for methods', () => {
    const device = connected();
    assert.ok(device.filters.every(({ filter }) => !filter.includes('methods')));
  });

  test('a message from the cloud is shown as its text', () => {
    const device = connected();
    device.receive('devices/DEV1/messages/devicebound/%24.to=x', 'hello \u001b[31m');
    assert.ok(device.log.some((line) => line.startsWith('INFO: Message from the cloud: hello ') && !line.includes('\u001b')));
    device.log.length = 0;
    device.receive('devices/dev2/messages/devicebound/%24.to=x', 'not ours');
    assert.deepEqual(device.log, []);
  });

  test('only the demo announces a model', () => {
    assert.equal(connected().application.modelId, undefined);
    assert.equal(
      connected({ modelId: 'dtmi:homeport:demo:seeed:sht31;1' }).application.modelId,
      'dtmi:homeport:demo:seeed:sht31;1',
    );
  });
});
