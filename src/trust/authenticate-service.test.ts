import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { testNow } from '#test/support/certificates.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import type { AccessPolicy, ServiceRight } from './access-policy.ts';
import { authenticateService } from './authenticate-service.ts';

function policy(name: string, ...rights: ServiceRight[]): AccessPolicy {
  const key = (slot: string) => Buffer.from(`${name} ${slot}`.padEnd(32, '.')).toString('base64');
  return { name, rights: new Set(rights), primaryKey: key('1'), secondaryKey: key('2') };
}

const owner = policy('iothubowner', 'RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect');
const policies = [owner, policy('service', 'ServiceConnect'), policy('writer', 'RegistryWrite')];

type Asked = { scope?: string; key?: Uint8Array; expirySeconds?: number; keyName?: string };

function tokenOf({ scope = 'hub.example', key = decoded(owner.primaryKey), expirySeconds, keyName = 'iothubowner' }: Asked = {}) {
  return formatSasToken({ resource: scope, key, keyName, expirySeconds: expirySeconds ?? Math.ceil(testNow / secondMs) + 60 });
}

function decoded(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

function authenticate(authorization: string | undefined, resource = 'hub.example/devices/Dev1') {
  return authenticateService({ authorization, policies, resource, at: testNow });
}

function outcome(...parameters: Parameters<typeof authenticate>): string {
  const verdict = authenticate(...parameters);
  return verdict.accepted ? verdict.value.policyName : verdict.refusal.reason;
}

test('a token of a policy gives its name, its rights and its end', () => {
  const verdict = authenticate(tokenOf());
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.kind, 'service');
  assert.equal(verdict.value.policyName, 'iothubowner');
  assert.deepEqual(verdict.value.rights, owner.rights);
  assert.equal(verdict.value.expiresAt, (Math.ceil(testNow / secondMs) + 60) * secondMs);
});

test('primary and secondary key count, decoded and as text', () => {
  const service = policies[1] ?? owner;
  for (const text of [service.primaryKey, service.secondaryKey]) {
    for (const key of [decoded(text), Buffer.from(text)]) {
      const verdict = authenticate(tokenOf({ key, keyName: 'service' }));
      assert.ok(verdict.accepted);
      assert.deepEqual([...verdict.value.rights], ['ServiceConnect']);
    }
  }
});

test('the right to write implies the right to read', () => {
  const verdict = authenticate(tokenOf({ key: decoded(policies[2]?.primaryKey ?? ''), keyName: 'writer' }));
  assert.ok(verdict.accepted);
  assert.deepEqual([...verdict.value.rights].sort(), ['RegistryRead', 'RegistryWrite']);
});

test('narrower scopes count for what they cover', () => {
  for (const scope of [
    'hub.example',
    'HUB.EXAMPLE',
    'https://hub.example:443/',
    'hub.example/devices',
    'hub.example/devices/Dev1',
  ]) {
    assert.equal(outcome(tokenOf({ scope })), 'iothubowner', scope);
  }
  for (const scope of ['hub.example/devices/dev1', 'hub.example/devices/Dev', 'hub.example/twins', 'other.example']) {
    assert.equal(outcome(tokenOf({ scope })), 'token-scope', scope);
  }
});

test('what is no token is refused, missing or malformed', () => {
  for (const none of [undefined, '', '  ']) assert.equal(outcome(none), 'token-missing');
  const { primaryKey } = owner;
  for (const wrong of ['Bearer eyJ', 'Basic YTpi', primaryKey, 'SharedAccessSignature', `SharedAccessSignature ${primaryKey}`]) {
    assert.equal(outcome(wrong), 'token-malformed', wrong);
  }
});

test('a token without a policy, or of one that is not there, is refused', () => {
  for (const keyName of ['', 'nobody', 'IotHubOwner', 'constructor', 'registration']) {
    assert.equal(outcome(tokenOf({ keyName })), 'policy-unknown', keyName);
  }
});

test('a policy signs for itself only', () => {
  assert.equal(outcome(tokenOf({ keyName: 'service' })), 'token-signature');
  assert.equal(outcome(tokenOf({ key: Buffer.alloc(32) })), 'token-signature');
});

test('an expired token is refused', () => {
  assert.equal(outcome(tokenOf({ expirySeconds: Math.ceil(testNow / secondMs) - 301 })), 'token-expired');
});
