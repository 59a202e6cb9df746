import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatHubUserName, formatProvisioningUserName, parseMqttUserName } from './user-name.ts';

const device = { kind: 'hub', hostName: 'h', deviceId: 'dev1' } as const;

describe('hub user names', () => {
  test('hub 21: a raw model id, as Node sends it, is read', () => {
    assert.deepEqual(
      parseMqttUserName(
        'h/dev1/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=azure-iot-device%2F1.18.4%20(node%20v26)',
      ),
      {
        ...device,
        apiVersion: '2021-04-12',
        modelId: 'dtmi:com:example:Thermostat;1',
        clientType: 'azure-iot-device/1.18.4 (node v26)',
      },
    );
  });

  test('hub 22: an encoded model id, as Python sends it, is read', () => {
    assert.deepEqual(
      parseMqttUserName(
        'h/dev1/?api-version=2020-09-30&DeviceClientType=py%2F2.14.0%28x%29&model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1',
      ),
      { ...device, apiVersion: '2020-09-30', modelId: 'dtmi:com:example:Thermostat;1', clientType: 'py/2.14.0(x)' },
    );
  });

  test('hub 23: the question mark may be missing', () => {
    assert.deepEqual(parseMqttUserName('h/dev1/api-version=2019-10-01'), { ...device, apiVersion: '2019-10-01' });
    assert.deepEqual(parseMqttUserName('h/dev1/mod1/api-version=2019-10-01'), {
      ...device,
      moduleId: 'mod1',
      apiVersion: '2019-10-01',
    });
  });

  test('hub 24: a missing or empty api-version is none', () => {
    for (const text of [
      'h/dev1/',
      'h/dev1/?',
      'h/dev1/?api-version=',
      'h/dev1/?api-version',
      'h/dev1/?x=1',
      'h/dev1/?Api-Version=1',
    ]) {
      assert.deepEqual(parseMqttUserName(text), device, text);
    }
  });

  test('hub 25: ids are read exactly: not decoded, not trimmed, not lower-cased', () => {
    for (const id of ['Dev 1', 'dev%31', 'a?b=c', '?api-version=2', 'a&b', "-:.+%_#*?!(),=@;$'", 'ö', 'a+b']) {
      assert.deepEqual(parseMqttUserName(`h/${id}/?api-version=1`), { ...device, deviceId: id, apiVersion: '1' });
      assert.deepEqual(parseMqttUserName(`h/d/${id}/?api-version=1`), {
        ...device,
        deviceId: 'd',
        moduleId: id,
        apiVersion: '1',
      });
    }
  });

  test('a module stands behind its device', () => {
    assert.deepEqual(parseMqttUserName('h/dev1/mod1/?api-version=2019-10-01'), {
      ...device,
      moduleId: 'mod1',
      apiVersion: '2019-10-01',
    });
  });

  test('unknown parameters are ignored, of duplicates the first counts, malformed escapes stay', () => {
    assert.deepEqual(
      parseMqttUserName('h/dev1/?auth-chain=a;b&api-version=1&&=x&api-version=2&DeviceClientType=50%+%zz%41&model-id='),
      {
        ...device,
        apiVersion: '1',
        clientType: '50%+%zzA',
      },
    );
  });

  test('a parameter named like a member of every object is only a parameter', () => {
    assert.deepEqual(parseMqttUserName('h/dev1/?__proto__=x&constructor=y&api-version=1'), { ...device, apiVersion: '1' });
  });

  test('what is not a user name gives undefined', () => {
    for (const text of [
      '',
      'h',
      'h/dev1',
      '/',
      '//',
      '///',
      '/dev1/?api-version=1',
      'h//?api-version=1',
      'h/d//?api-version=1',
      'h/d/m/x/?api-version=1',
    ]) {
      assert.equal(parseMqttUserName(text), undefined, text);
    }
  });

  test('what is formatted is read back', () => {
    const name = { hostName: 'h', deviceId: 'd', apiVersion: '2021-04-12', modelId: 'dtmi:a:b;1', clientType: 'sim/1 (ü)' };
    assert.deepEqual(parseMqttUserName(formatHubUserName(name)), { kind: 'hub', ...name });
    assert.equal(
      formatHubUserName({ hostName: 'h', deviceId: 'dev1', apiVersion: '2021-04-12' }),
      'h/dev1/?api-version=2021-04-12',
    );
    assert.equal(formatHubUserName({ hostName: 'h', deviceId: 'd', moduleId: 'm', apiVersion: '1' }), 'h/d/m/?api-version=1');
  });
});

describe('provisioning user names', () => {
  test('the user name of Node has no question mark', () => {
    assert.deepEqual(
      parseMqttUserName(
        '0ne000ABCDE/registrations/reg1/api-version=2019-03-31&ClientVersion=azure-iot-provisioning-device%2F1.9.1',
      ),
      {
        kind: 'provisioning',
        idScope: '0ne000ABCDE',
        registrationId: 'reg1',
        apiVersion: '2019-03-31',
        clientVersion: 'azure-iot-provisioning-device/1.9.1',
      },
    );
  });

  test('scope and registration id keep the spelling that was presented', () => {
    const name = parseMqttUserName('0NE/registrations/Reg.1:x/?api-version=2021-06-01');
    assert.deepEqual(name, { kind: 'provisioning', idScope: '0NE', registrationId: 'Reg.1:x', apiVersion: '2021-06-01' });
  });

  test('without scope, registration id or api-version it is none', () => {
    for (const text of [
      '/registrations/reg1/api-version=1',
      '0ne/registrations//api-version=1',
      '0ne/registrations/reg1/',
      '0ne/registrations/reg1/api-version=',
      '0ne/registrations/reg1/ClientVersion=1',
      '0ne/registrations/reg1/x/api-version=1',
      '0ne/registrations/reg1',
    ]) {
      assert.notEqual(parseMqttUserName(text)?.kind, 'provisioning', text);
    }
  });

  test('what is formatted is read back', () => {
    const name = { idScope: '0ne1', registrationId: 'reg-1', apiVersion: '2019-03-31', clientVersion: 'x/1' };
    assert.equal(formatProvisioningUserName(name), '0ne1/registrations/reg-1/api-version=2019-03-31&ClientVersion=x%2F1');
    assert.deepEqual(parseMqttUserName(formatProvisioningUserName(name)), { kind: 'provisioning', ...name });
  });
});
