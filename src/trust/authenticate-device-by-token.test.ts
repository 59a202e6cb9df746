import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minuteMs, plus, secondMs } from '#base/instant.ts';
import { makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { hubSpellings } from '#test/support/sas-spellings.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import type { AccessPolicy, ServiceRight } from './access-policy.ts';
import { authenticateDevice, type DeviceAttempt } from './authenticate-device.ts';
import { noRevocation } from './revocation.ts';

const keyOf = (text: string) => Buffer.from(text.padEnd(32, '.')).toString('base64');
const keys = { primaryKey: keyOf('primary'), secondaryKey: keyOf('secondary') };

function policy(name: string, ...rights: ServiceRight[]): AccessPolicy {
  return { name, rights: new Set(rights), primaryKey: keyOf(`${name} 1`), secondaryKey: keyOf(`${name} 2`) };
}

const policies = [
  policy('iothubowner', 'RegistryWrite', 'DeviceConnect'),
  policy('device', 'DeviceConnect'),
  policy('service', 'ServiceConnect'),
];
const soon = Math.ceil(testNow / secondMs) + 3600;

type Asked = { deviceId?: string; isEnabled?: boolean; rest?: Partial<DeviceAttempt> };

function attempt(token: string, { deviceId = 'MyDev', isEnabled = true, rest }: Asked = {}) {
  return authenticateDevice({
    device: { deviceId, isEnabled, generationId: 'g1', authentication: { type: 'sas', keys: { reveal: () => keys } } },
    evidence: { certificates: [], token },
    verifiedAnchors: [],
    uploadedUnverified: [],
    revocation: noRevocation,
    hubHostName: 'hub.example',
    policies,
    at: testNow,
    ...rest,
  });
}

/** 'accepted', or why not. */
function outcome(...parameters: Parameters<typeof attempt>): string {
  const verdict = attempt(...parameters);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

type Signed = { resource?: string; key?: string; keyName?: string; expirySeconds?: number };

function tokenOf({ resource = 'hub.example/devices/MyDev', key = keys.primaryKey, keyName, expirySeconds = soon }: Signed = {}) {
  return formatSasToken({
    resource,
    key: Buffer.from(key, 'base64'),
    expirySeconds,
    ...(keyName !== undefined && { keyName }),
  });
}

test('a token of the device’s key makes a caller that lasts as long as the token', () => {
  const verdict = attempt(tokenOf());
  assert.ok(verdict.accepted);
  assert.deepEqual(
    { ...verdict.value },
    {
      kind: 'device',
      deviceId: 'MyDev',
      generationId: 'g1',
      authMethod: { scope: 'device', type: 'sas' },
      expiresAt: soon * secondMs,
      leafSha256: undefined,
      anchorSha256: undefined,
      revocationKeys: [],
    },
  );
  assert.equal(JSON.stringify(verdict).includes(keys.primaryKey), false);
});

for (const [client, spell] of Object.entries(hubSpellings)) {
  test(`hub 14, hub 15, hub 16: the token is accepted as ${client} writes it`, () => {
    for (const deviceId of ['MyDev', "a.b-c:d_e+f%20(g)!*'@$=?,;"]) {
      const resource = `hub.example/devices/${deviceId}`;
      assert.equal(outcome(spell({ resource, key: keys.primaryKey, expirySeconds: soon }), { deviceId }), 'accepted', deviceId);
      const never = spell({ resource, key: keys.secondaryKey, expirySeconds: 2n ** 64n - 1n });
      assert.equal(outcome(never, { deviceId }), 'accepted', deviceId);
    }
  });
}

test('hub 19: the secondary key counts like the primary', () => {
  assert.equal(outcome(tokenOf({ key: keys.secondaryKey })), 'accepted');
});

test('hub 17: a policy with DeviceConnect signs for any device by key, with a scope from the hub downwards', () => {
  for (const resource of ['hub.example', 'hub.example/devices', 'hub.example/devices/mydev']) {
    for (const keyName of ['device', 'iothubowner']) {
      const verdict = attempt(tokenOf({ resource, keyName, key: keyOf(`${keyName} 2`) }));
      assert.ok(verdict.accepted);
      assert.deepEqual(verdict.value.authMethod, { scope: 'hub', type: 'sas' });
    }
  }
});

test('a policy that is unknown, holds no DeviceConnect or did not sign is refused', () => {
  assert.equal(outcome(tokenOf({ keyName: 'nobody' })), 'policy-unknown');
  assert.equal(outcome(tokenOf({ keyName: 'registration' })), 'policy-unknown');
  assert.equal(outcome(tokenOf({ keyName: 'service', key: keyOf('service 1') })), 'policy-right-missing');
  assert.equal(outcome(tokenOf({ keyName: 'device' })), 'token-signature', 'the key of the device, in the name of a policy');
  assert.equal(outcome(tokenOf({ keyName: 'device', key: keyOf('iothubowner 1') })), 'token-signature');
  assert.equal(outcome(tokenOf({ key: keyOf('device 1') })), 'token-signature', 'the key of a policy, in the name of the device');
  const elsewhere = { resource: 'hub.example/devices/other', keyName: 'device', key: keyOf('device 1') };
  assert.equal(outcome(tokenOf(elsewhere)), 'token-scope');
});

test('hub 18: a token for another device, hub or module is refused', () => {
  const scopes = [
    'hub.example/devices/MyDe',
    'hub.example/devices/MyDev2',
    'hub.example/devices/MyDev/modules/m',
    'other.example',
  ];
  for (const resource of scopes) assert.equal(outcome(tokenOf({ resource })), 'token-scope', resource);
  assert.equal(outcome(tokenOf({ resource: 'hub.example/devices/abc' }), { deviceId: 'abcd' }), 'token-scope');
});

test('hub 13: an expired token is refused, past the skew', () => {
  assert.equal(outcome(tokenOf({ expirySeconds: soon - 3600 - 302 })), 'token-expired');
  assert.equal(outcome(tokenOf(), { rest: { at: plus(testNow, 66 * minuteMs) } }), 'token-expired');
});

test('what is no token is refused as malformed, also the key and the connection string', () => {
  const connectionString = `HostName=hub.example;DeviceId=MyDev;SharedAccessKey=${keys.primaryKey}`;
  for (const text of ['x', keys.primaryKey, connectionString, 'SharedAccessSignature ', `Bearer ${tokenOf()}`]) {
    const verdict = attempt(text);
    assert.ok(!verdict.accepted && verdict.refusal.reason === 'token-malformed');
    assert.equal(JSON.stringify(verdict).includes(keys.primaryKey), false);
  }
});

test('without a token, or with a certificate instead, a device by key is not let in', () => {
  const certificates = [makeSelfSigned('MyDev').der];
  assert.equal(outcome('', { rest: { evidence: { certificates, token: undefined } } }), 'credential-type-mismatch');
  assert.equal(outcome('', { rest: { evidence: { certificates: [], token: undefined } } }), 'credentials-missing');
  assert.equal(outcome(tokenOf(), { rest: { evidence: { certificates, token: tokenOf() } } }), 'accepted', 'the token counts');
});

test('no token, of a policy either, opens a device that signs in by certificate, nor one that does not exist', () => {
  const owner = tokenOf({ resource: 'hub.example', keyName: 'iothubowner', key: keyOf('iothubowner 1') });
  for (const authentication of [{ type: 'selfSigned' }, { type: 'certificateAuthority' }] as const) {
    const device = { deviceId: 'MyDev', isEnabled: true, generationId: 'g', authentication };
    assert.equal(outcome(owner, { rest: { device } }), 'credential-type-mismatch');
  }
  assert.equal(outcome(owner, { rest: { device: undefined } }), 'device-unknown');
});

test('hub 20: a disabled device is told apart only by who proved to be it', () => {
  assert.equal(outcome(tokenOf(), { isEnabled: false }), 'device-disabled');
  assert.equal(outcome(tokenOf({ key: keyOf('wrong') }), { isEnabled: false }), 'token-signature');
});

const module = {
  deviceId: 'MyDev',
  moduleId: 'Mod',
  isEnabled: true,
  generationId: 'g2',
  authentication: { type: 'sas', keys: { reveal: () => keys } },
} as const;

test('a module’s token makes a caller that is the module', () => {
  const verdict = attempt(tokenOf({ resource: 'hub.example/devices/MyDev/modules/Mod' }), { rest: { device: module } });
  assert.ok(verdict.accepted);
  const { deviceId, moduleId, generationId, authMethod } = verdict.value;
  assert.deepEqual([deviceId, moduleId, generationId, authMethod], ['MyDev', 'Mod', 'g2', { scope: 'module', type: 'sas' }]);
});

const forModules: [resource: string, expected: string][] = [
  ['hub.example/devices/MyDev', 'accepted'],
  ['hub.example', 'accepted'],
  ['hub.example/devices/MyDev/modules/mod', 'accepted'],
  ['hub.example/devices/MyDev/modules/Mo', 'token-scope'],
  ['hub.example/devices/MyDev/modules/Mod2', 'token-scope'],
  ['hub.example/devices/Other/modules/Mod', 'token-scope'],
  ['hub.example/modules/Mod', 'token-scope'],
];
for (const [resource, expected] of forModules) {
  test(`a module’s token over ${resource} is ${expected}`, () => {
    assert.equal(outcome(tokenOf({ resource }), { rest: { device: module } }), expected);
  });
}

test('a token over a module is too narrow for its device', () => {
  assert.equal(outcome(tokenOf({ resource: 'hub.example/devices/MyDev/modules/Mod' })), 'token-scope');
});

test('a module of a disabled device is refused as disabled, one without credentials whatever it brings', () => {
  const disabled = { ...module, isEnabled: false };
  const token = tokenOf({ resource: 'hub.example/devices/MyDev/modules/Mod' });
  assert.equal(outcome(token, { rest: { device: disabled } }), 'device-disabled');
  const none = { ...module, authentication: { type: 'none' } } as const;
  assert.equal(outcome(token, { rest: { device: none } }), 'credential-type-mismatch');
  const certificates = [makeSelfSigned('MyDev/Mod').der];
  const evidence = { certificates, token: undefined };
  assert.equal(outcome(token, { rest: { device: none, evidence } }), 'credential-type-mismatch');
});
