import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondMs } from '#base/instant.ts';
import { testNow } from '#test/support/certificates.ts';
import { dpsSpellings } from '#test/support/sas-spellings.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { attestByToken, type KeyGroup, type TokenAttempt } from './attest-by-token.ts';
import { deriveDeviceKey } from './symmetric-keys.ts';

const idScope = '0ne0012AB34';
const soon = Math.ceil(testNow / secondMs) + 3600;
const keyOf = (text: string) => Buffer.from(text.padEnd(32, '.')).toString('base64');

function group(groupId: string, change: Partial<KeyGroup> = {}): KeyGroup {
  const keys = { primaryKey: keyOf(`${groupId} 1`), secondaryKey: keyOf(`${groupId} 2`) };
  return { groupId, isEnabled: true, keys: { reveal: () => keys }, ...change };
}

const line = group('line');
const { primaryKey, secondaryKey } = line.keys.reveal();

type Signed = { registrationId?: string; key?: string; expirySeconds?: number; keyName?: string; resource?: string };

function tokenOf({ registrationId = 'Dev1', key, expirySeconds = soon, keyName, resource }: Signed = {}): string {
  return formatSasToken({
    resource: resource ?? `${idScope}/registrations/${registrationId}`,
    key: Buffer.from(key ?? deriveDeviceKey(primaryKey, registrationId), 'base64'),
    expirySeconds,
    ...(keyName !== undefined && { keyName }),
  });
}

function attest(token: string, groups: readonly KeyGroup[] = [line], rest: Partial<TokenAttempt> = {}) {
  return attestByToken({ idScope, registrationId: 'Dev1', token, groups, at: testNow, ...rest });
}

/** The group that was chosen, or why none was. */
function outcome(...parameters: Parameters<typeof attest>): string {
  const verdict = attest(...parameters);
  return verdict.accepted ? (verdict.value.enrollmentGroupId ?? 'individual') : verdict.refusal.reason;
}

test('dps 11: a key derived from the group’s primary or secondary lets the device in, and the hub gets both derived keys', () => {
  for (const key of [primaryKey, secondaryKey]) {
    const verdict = attest(tokenOf({ key: deriveDeviceKey(key, 'Dev1') }), [group('other'), line]);
    assert.ok(verdict.accepted);
    assert.equal(verdict.value.enrollmentGroupId, 'line');
    assert.equal(verdict.value.registrationId, 'Dev1');
    assert.deepEqual(verdict.value.deviceKeys?.reveal(), {
      primaryKey: deriveDeviceKey(primaryKey, 'Dev1'),
      secondaryKey: deriveDeviceKey(secondaryKey, 'Dev1'),
    });
    assert.equal(JSON.stringify(verdict).includes(deriveDeviceKey(key, 'Dev1')), false);
  }
});

test('a key derived from the lower-cased id counts, and the hub gets that one', () => {
  const key = deriveDeviceKey(primaryKey, 'dev1');
  const verdict = attest(tokenOf({ key }));
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.registrationId, 'Dev1');
  assert.equal(verdict.value.deviceKeys?.reveal().primaryKey, key);
});

for (const [client, spell] of Object.entries(dpsSpellings)) {
  test(`dps 2, dps 3, dps 5, dps 6: the token is accepted as ${client} writes it`, () => {
    for (const registrationId of ['Dev1', 'a.b-c_d:e']) {
      const key = deriveDeviceKey(primaryKey, registrationId);
      const token = spell({ resource: `${idScope}/registrations/${registrationId}`, key, expirySeconds: soon });
      assert.equal(outcome(token, [line], { registrationId }), 'line');
    }
  });
}

test('dps 10: neither the scope’s case nor the id’s counts', () => {
  const key = deriveDeviceKey(primaryKey, 'Dev1');
  for (const resource of [`${idScope.toLowerCase()}/registrations/DEV1`, `${idScope}/Registrations/dev1`, idScope]) {
    assert.equal(outcome(tokenOf({ resource, key })), 'line', resource);
  }
});

test('dps 12: the group’s own key is refused, and the refusal says what to do instead', () => {
  for (const key of [primaryKey, secondaryKey]) {
    const verdict = attest(tokenOf({ key }));
    assert.ok(!verdict.accepted && verdict.refusal.reason === 'token-signature');
    assert.match(verdict.refusal.detail, /key of the enrollment group line itself/);
    assert.match(verdict.refusal.fix ?? '', /derived/);
  }
});

test('a key of another device, of no group, and for another registration or scope are refused', () => {
  assert.equal(outcome(tokenOf({ key: deriveDeviceKey(primaryKey, 'Dev2') })), 'token-signature');
  assert.equal(outcome(tokenOf({ key: keyOf('nobody') })), 'token-signature');
  assert.equal(outcome(tokenOf({ registrationId: 'Dev2' })), 'token-scope');
  const key = deriveDeviceKey(primaryKey, 'Dev1');
  for (const resource of ['0ne000000/registrations/Dev1', `${idScope}/registrations/Dev`, `${idScope}/registrations/Dev12`]) {
    assert.equal(outcome(tokenOf({ resource, key })), 'token-scope', resource);
  }
});

test('a stranger who shows no token of this registration makes nobody unseal keys', () => {
  const sealed = group('sealed', { keys: { reveal: () => assert.fail('unsealed') } });
  assert.equal(outcome('SharedAccessSignature', [sealed]), 'token-malformed');
  assert.equal(outcome(tokenOf({ registrationId: 'Dev2' }), [sealed]), 'token-scope');
  assert.equal(outcome(tokenOf({ keyName: 'device' }), [sealed]), 'policy-unknown');
});

test('dps 14: an expired token is refused, past the skew', () => {
  assert.equal(outcome(tokenOf({ expirySeconds: soon - 3600 - 299 })), 'line');
  assert.equal(outcome(tokenOf({ expirySeconds: soon - 3600 - 302 })), 'token-expired');
  assert.equal(outcome(tokenOf({ expirySeconds: 1 }), [group('other'), line, group('third')]), 'token-expired');
});

test('skn is registration, empty or absent; another is refused', () => {
  for (const keyName of ['registration', '']) assert.equal(outcome(tokenOf({ keyName })), 'line');
  for (const keyName of ['Registration', 'iothubowner', 'provisioningserviceowner', 'device']) {
    assert.equal(outcome(tokenOf({ keyName })), 'policy-unknown', keyName);
  }
});

test('what is no token is refused as malformed, whatever groups there are', () => {
  for (const text of ['x', primaryKey, 'SharedAccessSignature sr=a&sig=b&se=1']) assert.equal(outcome(text), 'token-malformed');
});

test('without a group by key nobody is let in by key', () => {
  assert.equal(outcome(tokenOf(), []), 'enrollment-unknown');
});

test('a disabled group refuses, only to who proved to belong to it, and also where an enabled one has the same key', () => {
  const stopped = group('line', { isEnabled: false });
  const twin: KeyGroup = { ...line, groupId: 'twin' };
  assert.equal(outcome(tokenOf(), [stopped]), 'enrollment-disabled');
  assert.equal(outcome(tokenOf({ key: keyOf('nobody') }), [stopped]), 'token-signature');
  for (const groups of [
    [twin, stopped],
    [stopped, twin],
  ]) {
    assert.equal(outcome(tokenOf(), groups), 'enrollment-disabled');
  }
});
