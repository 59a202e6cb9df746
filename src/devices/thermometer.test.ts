import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { applicationBench } from '#test/support/application-bench.ts';
import { Thermometer } from './thermometer.ts';

const bench = (options = {}) => applicationBench((port) => new Thermometer(port), options);
const creationTime = 'devices/dev1/messages/events/iothub-creation-time-utc=2030-01-01T00%3A00%3A00Z';
const desiredTopic = (version: number) => `$iothub/twin/PATCH/properties/desired/?$version=${version}`;

/** Connected, greeted, with a twin in which nothing is set. */
function connected(options = {}) {
  const device = bench(options);
  device.connect();
  device.receive('$iothub/twin/res/200/?$rid=2', '{"desired":{"$version":1},"reported":{"$version":1}}');
  device.sent();
  return device;
}

describe('D1, the thermometer', () => {
  test('it opens like the C library: one SUBSCRIBE, its serial number, the twin, then desired changes', () => {
    const device = bench();
    device.connect();
    assert.deepEqual(device.filters, [
      { filter: 'devices/dev1/messages/devicebound/#', qos: 1 },
      { filter: '$iothub/twin/res/#', qos: 0 },
      { filter: '$iothub/methods/POST/#', qos: 0 },
    ]);
    assert.deepEqual(device.sent(), [
      { topic: '$iothub/twin/GET/?$rid=1', body: '', qos: 0 },
      { topic: '$iothub/twin/PATCH/properties/reported/?$rid=2', body: '{"serialNumber":"TEMPMON-01234"}', qos: 0 },
    ]);
    device.receive('$iothub/twin/res/204/?$rid=2&$version=2');
    assert.equal(device.filters.length, 3, 'the answer to a report is not the twin');
    device.receive('$iothub/twin/res/200/?$rid=1', '{"desired":{"$version":1},"reported":{"$version":1}}');
    assert.deepEqual(device.filters[3], { filter: '$iothub/twin/PATCH/properties/desired/#', qos: 0 });
  });

  test('sphere 93: it starts silent, and a desired true starts telemetry and is acknowledged with 200 and its version', () => {
    const device = connected();
    device.tick();
    assert.deepEqual(device.sent(), []);
    assert.ok(device.log.includes('INFO: Telemetry upload disabled; not sending telemetry.'));

    device.receive(desiredTopic(7), '{"thermometerTelemetryUploadEnabled":true,"$version":7}');
    assert.deepEqual(
      device.sent().map(({ body }) => body),
      [`{"thermometerTelemetryUploadEnabled":{"value":true,"ac":200,"av":7,"ad":"Updated from Device Twin's desired value."}}`],
    );
    device.tick();
    const [message] = device.sent();
    assert.equal(message?.topic, creationTime);
    assert.equal(message?.qos, 1);
    assert.match(message?.body ?? '', /^\{"temperature":[\d.]+\}$/);
    assert.equal(device.acknowledged(), 1);

    device.receive(desiredTopic(8), '{"thermometerTelemetryUploadEnabled":false,"$version":8}');
    assert.match(device.sent()[0]?.body ?? '', /"value":false,"ac":200,"av":8/);
    device.tick();
    assert.deepEqual(device.sent(), []);
  });

  test('sphere 94: button A reports the local change with 203 and version 0', () => {
    const device = connected();
    device.application.press('A');
    device.application.press('A');
    assert.deepEqual(
      device.sent().map(({ body }) => body),
      [true, false].map(
        (value) =>
          `{"thermometerTelemetryUploadEnabled":{"value":${value},"ac":203,"av":0,"ad":"Updated locally on the device."}}`,
      ),
    );
  });

  test('button B says that it was moved, stamped with the time', () => {
    const device = connected();
    device.application.press('B');
    assert.deepEqual(device.sent(), [{ topic: creationTime, body: '{"thermometerMoved":true}', qos: 1 }]);
  });

  test('the first temperature is one step of at most 1 from 50, and the steps are those of a 41-sided die', () => {
    const device = connected({ seed: 'steps' });
    device.application.press('A');
    device.sent();
    let before = 50;
    const steps = new Set<number>();
    for (let i = 0; i < 400; i++) {
      device.tick();
      const value = Number(/\d[\d.]*/.exec(device.sent()[0]?.body ?? '')?.[0]);
      assert.equal(Math.fround(value), value);
      steps.add(Math.round((value - before) * 20));
      before = value;
    }
    assert.equal(Math.min(...steps), -20);
    assert.equal(Math.max(...steps), 20);
    assert.equal(steps.size, 41);
  });

  test('the same seed measures the same', () => {
    const measure = () => {
      const device = connected({ seed: '7' });
      device.application.press('A');
      device.sent();
      device.tick();
      return device.sent()[0]?.body;
    };
    assert.equal(measure(), measure());
  });

  test('sphere 96: a twin over 512 bytes ends the program with 22, one of 512 does not', () => {
    const fill = (bytes: number) => {
      const frame = '{"desired":{"thermometerTelemetryUploadEnabled":true,"x":"","$version":3}}';
      return frame.replace('"x":""', `"x":"${'y'.repeat(bytes - frame.length)}"`);
    };
    const fits = bench();
    fits.connect();
    fits.receive('$iothub/twin/res/200/?$rid=1', fill(512));
    assert.deepEqual(fits.exits, []);
    assert.match(fits.sent().at(-1)?.body ?? '', /"av":3/);

    const tooLarge = bench();
    tooLarge.connect();
    tooLarge.sent();
    tooLarge.receive('$iothub/twin/res/200/?$rid=1', fill(513));
    assert.deepEqual(tooLarge.exits, [22]);
    assert.deepEqual(tooLarge.sent(), []);

    const patch = connected();
    patch.receive(desiredTopic(4), fill(600));
    assert.deepEqual(patch.exits, [22]);
  });

  test('sphere 96: displayAlert answers its text as JSON, any other method −1 and {}', () => {
    const device = connected();
    device.receive('$iothub/methods/POST/displayAlert/?$rid=a1b2', '"Too hot"');
    device.receive('$iothub/methods/POST/reboot/?$rid=ff', '{}');
    device.receive('$iothub/methods/POST/DisplayAlert/?$rid=fe', '{}');
    assert.deepEqual(device.sent(), [
      { topic: '$iothub/methods/res/200/?$rid=a1b2', body: '"Alert message displayed successfully."', qos: 0 },
      { topic: '$iothub/methods/res/-1/?$rid=ff', body: '{}', qos: 0 },
      { topic: '$iothub/methods/res/-1/?$rid=fe', body: '{}', qos: 0 },
    ]);
    assert.ok(device.log.includes('INFO: ALERT: "Too hot"'), 'quotes included');
  });

  test('an alert that holds control characters cannot rewrite the terminal', () => {
    const device = connected();
    device.receive('$iothub/methods/POST/displayAlert/?$rid=1', '"\u001b[2J"');
    assert.ok(device.log.every((line) => !line.includes('\u001b')));
  });

  test('a twin that sets nothing, or no boolean, or is no JSON, changes nothing', () => {
    const device = connected();
    for (const body of [
      '{"$version":2}',
      '{"thermometerTelemetryUploadEnabled":"true"}',
      '{"thermometerTelemetryUploadEnabled":1}',
      '[]',
      '{',
      '',
      'null',
    ]) {
      device.receive(desiredTopic(2), body);
    }
    assert.deepEqual(device.sent(), []);
    device.tick();
    assert.deepEqual(device.sent(), []);
  });

  test('a missing $version reads as 0', () => {
    const device = connected();
    device.receive(desiredTopic(2), '{"thermometerTelemetryUploadEnabled":true}');
    assert.match(device.sent()[0]?.body ?? '', /"av":0/);
  });

  test('after a reconnect the twin is read again, and what it desires is applied and acknowledged again', () => {
    const device = connected();
    device.disconnect();
    device.tick();
    device.application.press('B');
    assert.deepEqual(device.sent(), []);
    device.connect();
    device.sent();
    device.receive(
      '$iothub/twin/res/200/?$rid=1',
      '{"desired":{"thermometerTelemetryUploadEnabled":true,"$version":9},"reported":{"$version":1}}',
    );
    assert.match(device.sent()[0]?.body ?? '', /"value":true,"ac":200,"av":9/);
  });

  test('an answer to somebody else’s twin request is not ours', () => {
    const device = connected();
    device.receive('$iothub/twin/res/200/?$rid=77', '{"desired":{"thermometerTelemetryUploadEnabled":true,"$version":9}}');
    assert.deepEqual(device.sent(), []);
  });

  test('messages from the cloud are accepted and dropped', () => {
    const device = connected();
    device.receive('devices/dev1/messages/devicebound/%24.to=x', 'hello');
    assert.deepEqual(device.sent(), []);
  });

  test('content type and encoding are stated only when asked for, after the application’s properties', () => {
    const device = connected({ statesContentType: true });
    device.application.press('B');
    assert.equal(device.sent()[0]?.topic, `${creationTime}&%24.ct=application%2Fjson&%24.ce=utf-8`);
  });
});
