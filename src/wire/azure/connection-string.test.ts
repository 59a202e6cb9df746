import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { Problem } from '#base/problem.ts';
import { formatConnectionString, parseConnectionString } from './connection-string.ts';

const key = 'c2VjcmV0LXNlY3JldA==';

describe('connection strings', () => {
  test('device, module, policy and X.509 forms are read and written back', () => {
    for (const text of [
      `HostName=h.example;DeviceId=d;SharedAccessKey=${key}`,
      `HostName=h.example;DeviceId=d;ModuleId=m;GatewayHostName=gw;SharedAccessKey=${key}`,
      `HostName=h.example;SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`,
      'HostName=h.example;DeviceId=d;SharedAccessSignature=SharedAccessSignature sr=h&sig=a%3D&se=1',
      'HostName=h.example;DeviceId=d;x509=true',
    ]) {
      assert.equal(formatConnectionString(parseConnectionString(text)), text);
    }
  });

  test('order, letter case of names, white space and a last semicolon do not matter', () => {
    const value = parseConnectionString(` sharedaccesskey=${key} ; deviceid = d ;HOSTNAME=h;X509=False; `);
    assert.deepEqual(
      { ...value, sharedAccessKey: value.sharedAccessKey?.reveal() },
      {
        hostName: 'h',
        deviceId: 'd',
        sharedAccessKey: key,
        isX509: false,
      },
    );
  });

  test('a value is split off at the first =, so base64 keeps its padding', () => {
    assert.equal(parseConnectionString(`HostName=h;DeviceId=a=b;SharedAccessKey=${key}`).sharedAccessKey?.reveal(), key);
    assert.equal(parseConnectionString('HostName=h;DeviceId=a=b').deviceId, 'a=b');
  });

  test('keys do not print', () => {
    const value = parseConnectionString(`HostName=h;DeviceId=d;SharedAccessKey=${key}`);
    assert.doesNotMatch(JSON.stringify(value) + inspect(value), /c2Vj/);
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['no host', 'DeviceId=d'],
    ['an empty host', 'HostName=;DeviceId=d'],
    ['an unknown name', `HostName=h;Password=${key}`],
    ['a name twice', 'HostName=h;DeviceId=d;deviceid=e'],
    ['a segment without =', `HostName=h;${key.slice(0, 8)}`],
    ['a segment without a name', `HostName=h;=${key}`],
    ['a module without a device', 'HostName=h;ModuleId=m'],
    ['x509 that is neither true nor false', 'HostName=h;x509=yes'],
    ['more text than any has', `HostName=${'h'.repeat(9_000)}`],
  ] as const) {
    test(`${what} is malformed, and the complaint quotes no value`, () => {
      assert.throws(
        () => parseConnectionString(text),
        (error) => error instanceof Problem && error.code === 'malformed' && !error.message.includes('c2Vj'),
      );
    });
  }

  test('a value with a semicolon is not written', () => {
    assert.throws(() => formatConnectionString({ hostName: 'h', deviceId: 'a;x509=true' }), Problem);
  });
});
