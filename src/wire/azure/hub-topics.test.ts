import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import {
  formatCloudToDeviceTopic,
  formatDesiredTopic,
  formatMethodResponseTopic,
  formatMethodTopic,
  formatTelemetryTopic,
  formatTwinGetTopic,
  formatTwinPatchTopic,
  formatTwinResponseTopic,
  messageFilter,
  moduleFilters,
  parseDeviceTopic,
  parseHubTopic,
  telemetryTopic,
} from './hub-topics.ts';

describe('topics that devices publish on', () => {
  test('telemetry, with and without bag and final slash', () => {
    const telemetry = { kind: 'telemetry', deviceId: 'dev1' } as const;
    assert.deepEqual(parseDeviceTopic('devices/dev1/messages/events'), { ...telemetry, bag: '' });
    assert.deepEqual(parseDeviceTopic('devices/dev1/messages/events/'), { ...telemetry, bag: '' });
    assert.deepEqual(parseDeviceTopic('devices/dev1/messages/events/a=1&b=c/d/'), { ...telemetry, bag: 'a=1&b=c/d/' });
    assert.deepEqual(parseDeviceTopic('devices/a?b=c/messages/events/'), { ...telemetry, deviceId: 'a?b=c', bag: '' });
  });

  test('telemetry of a module, with its output in the bag', () => {
    assert.deepEqual(parseDeviceTopic('devices/d/modules/m/messages/events/%24.on=out1/'), {
      kind: 'telemetry',
      deviceId: 'd',
      moduleId: 'm',
      bag: '%24.on=out1/',
    });
  });

  test('an identity’s own telemetry topic is read back as its own', () => {
    assert.equal(telemetryTopic('d', undefined), 'devices/d/messages/events');
    assert.equal(telemetryTopic('d', 'm'), 'devices/d/modules/m/messages/events');
    const telemetry = { kind: 'telemetry', deviceId: 'd', moduleId: 'm', bag: 'a=1' };
    assert.deepEqual(parseDeviceTopic(`${telemetryTopic('d', 'm')}/a=1`), telemetry);
  });

  test('a module is sent messages, inputs, or all, as its client asks', () => {
    assert.deepEqual(moduleFilters('d', 'm'), [
      'devices/d/modules/m/messages/devicebound/#',
      'devices/d/modules/m/#',
      'devices/d/modules/m/inputs/#',
    ]);
  });

  test('the status of a method result is an integer as it was written', () => {
    for (const [text, status] of [
      ['200', 200],
      ['0', 0],
      ['404', 404],
      ['-1', -1],
      ['999999999', 999_999_999],
    ] as const) {
      const topic = parseDeviceTopic(`$iothub/methods/res/${text}/?$rid=1a`);
      assert.deepEqual(topic, { kind: 'method-response', status, requestId: '1a' });
    }
    for (const text of ['', 'ok', '2.5', '1e3', '+1', '0x10', ' 1', '9999999999', '--1', '\u0661']) {
      assert.deepEqual(parseDeviceTopic(`$iothub/methods/res/${text}/?$rid=1`), { kind: 'ignored' }, text);
    }
  });

  test('twin requests give their request id byte for byte', () => {
    for (const requestId of ['1', '0b1c-2d', 'a/b', 'a%20b', 'x=y', '', '?']) {
      assert.deepEqual(parseDeviceTopic(`$iothub/twin/GET/?$rid=${requestId}`), { kind: 'twin-get', requestId });
      assert.deepEqual(parseDeviceTopic(`$iothub/twin/PATCH/properties/reported/?$rid=${requestId}`), {
        kind: 'twin-patch-reported',
        requestId,
      });
    }
  });

  test('the version that a patch expects is read; one that is no number equals none', () => {
    const parse = (text: string) => parseDeviceTopic(`$iothub/twin/PATCH/properties/reported/?${text}`);
    assert.deepEqual(parse('$rid=1&$version=7'), { kind: 'twin-patch-reported', requestId: '1', version: 7 });
    assert.deepEqual(parse('$version=7&$rid=1'), { kind: 'twin-patch-reported', requestId: '1', version: 7 });
    assert.deepEqual(parse('$rid=1&$rid=2&$version=1&$version=2'), { kind: 'twin-patch-reported', requestId: '1', version: 1 });
    for (const version of ['', '-1', '1.5', 'x', '1e3', '9'.repeat(20)]) {
      assert.deepEqual(parse(`$rid=1&$version=${version}`), { kind: 'twin-patch-reported', requestId: '1', version: Number.NaN });
    }
  });

  test('any other topic is none', () => {
    for (const topic of [
      '',
      'devices',
      'devices/',
      'devices//messages/events/',
      'devices/d/messages/event/',
      'devices/d/messages/eventsx',
      'devices/d/messages/devicebound/',
      'devices/d/modules//messages/events/',
      'devices/d/x/m/messages/events/',
      'Devices/d/messages/events/',
      '/devices/d/messages/events/',
      '$iothub/twin/GET',
      '$iothub/twin/GET/',
      '$iothub/twin/GET/?',
      '$iothub/twin/GET/?rid=1',
      '$iothub/twin/GET/$rid=1',
      '$iothub/twin/get/?$rid=1',
      '$iothub/twin/PATCH/properties/desired/?$rid=1',
      '$iothub/methods/res/200',
      '$iothub/methods/res/200/',
      '$iothub/methods/res/?$rid=1',
      '$iothub/methods/POST/x/?$rid=1',
      '$iothub/credentials/POST/issueCertificate/?$rid=1',
      '$dps/registrations/PUT/iotdps-register/?$rid=1',
    ]) {
      assert.equal(parseDeviceTopic(topic), undefined, topic);
    }
  });

  test('what a simulated device formats is what the hub reads', () => {
    assert.deepEqual(parseDeviceTopic(formatTelemetryTopic('d', 'a=1')), { kind: 'telemetry', deviceId: 'd', bag: 'a=1' });
    assert.deepEqual(parseDeviceTopic(formatMethodResponseTopic(404, 'r')), {
      kind: 'method-response',
      status: 404,
      requestId: 'r',
    });
    assert.deepEqual(parseDeviceTopic(formatTwinGetTopic('r')), { kind: 'twin-get', requestId: 'r' });
    assert.deepEqual(parseDeviceTopic(formatTwinPatchTopic('r', 3)), { kind: 'twin-patch-reported', requestId: 'r', version: 3 });
  });
});

describe('topics that hubs publish on', () => {
  test('each has exactly the form that SDKs read', () => {
    assert.equal(formatMethodTopic('therm*reboot', '1a'), '$iothub/methods/POST/therm*reboot/?$rid=1a');
    assert.equal(formatTwinResponseTopic(200, 'x-1'), '$iothub/twin/res/200/?$rid=x-1');
    assert.equal(formatTwinResponseTopic(204, 'x-1', 5), '$iothub/twin/res/204/?$rid=x-1&$version=5');
    assert.equal(formatDesiredTopic(8), '$iothub/twin/PATCH/properties/desired/?$version=8');
    assert.equal(formatCloudToDeviceTopic({ deviceId: 'd' }, '%24.to=x'), 'devices/d/messages/devicebound/%24.to=x');
    assert.equal(messageFilter('d'), 'devices/d/messages/devicebound/#');
  });

  test('a method name that is not one level is refused', () => {
    for (const name of ['', 'a/b', 'a#', '+', 'a?b', 'a\0']) {
      assert.throws(
        () => formatMethodTopic(name, '1'),
        (error) => error instanceof Problem && error.code === 'argument-invalid',
      );
    }
  });

  test('a status that has not three digits is a bug', () => {
    assert.throws(() => formatTwinResponseTopic(20, '1'));
    assert.throws(() => formatTwinResponseTopic(1000, '1'));
  });

  test('what a hub formats is what a simulated device reads', () => {
    assert.deepEqual(parseHubTopic(formatMethodTopic('go', '1')), { kind: 'method', name: 'go', requestId: '1' });
    assert.deepEqual(parseHubTopic(formatTwinResponseTopic(204, '1', 2)), {
      kind: 'twin-response',
      status: 204,
      requestId: '1',
      version: 2,
    });
    assert.deepEqual(parseHubTopic(formatDesiredTopic(3)), { kind: 'desired', version: 3 });
    assert.deepEqual(parseHubTopic(formatCloudToDeviceTopic({ deviceId: 'd' }, 'a=1')), {
      kind: 'cloud-to-device',
      deviceId: 'd',
      bag: 'a=1',
    });
    assert.deepEqual(parseHubTopic('devices/d/modules/m/inputs/in1/a=1'), {
      kind: 'input',
      deviceId: 'd',
      moduleId: 'm',
      input: 'in1',
      bag: 'a=1',
    });
  });

  test('what is no topic of a hub gives undefined', () => {
    for (const topic of [
      '',
      '$iothub/methods/POST/go/',
      '$iothub/methods/POST//?$rid=1',
      '$iothub/twin/res/20/?$rid=1',
      '$iothub/twin/res/2000/?$rid=1',
      '$iothub/twin/res/200/?rid=1',
      '$iothub/twin/PATCH/properties/desired/',
      'devices/d/messages/events/',
    ]) {
      assert.equal(parseHubTopic(topic), undefined, topic);
    }
  });
});
