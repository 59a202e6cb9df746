import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hourMs, minuteMs, plus, secondMs } from '#base/instant.ts';
import { testNow } from '#test/support/certificates.ts';
import { formatSasToken, parseSasToken, signatureOf } from '#wire/azure/sas-token.ts';
import { checkSasToken, type SasCheck, tokenSkewMs } from './check-sas-token.ts';

const primary = { name: 'primary', key: Buffer.from('the primary key') };
const secondary = { name: 'secondary', key: Buffer.from('the secondary key') };
const nowSeconds = Math.ceil(testNow / secondMs);

type Asked = { scope?: string; key?: Uint8Array; expirySeconds?: number | bigint; resource?: string; rest?: Partial<SasCheck> };

function check({ scope = 'hub.example/devices/abc', key = primary.key, expirySeconds, resource, rest }: Asked = {}) {
  const token = parseSasToken(formatSasToken({ resource: scope, key, expirySeconds: expirySeconds ?? nowSeconds + 3600 }));
  assert.ok(token);
  return checkSasToken({
    token,
    keys: [primary, secondary],
    resource: resource ?? 'hub.example/devices/abc',
    ignoresPathCase: true,
    at: testNow,
    ...rest,
  });
}

function outcome(asked?: Asked): string {
  const verdict = check(asked);
  return verdict.accepted ? verdict.value.keyName : verdict.refusal.reason;
}

test('a token of the primary or the secondary key is accepted, and says which it was and how long it lasts', () => {
  assert.equal(outcome(), 'primary');
  assert.equal(outcome({ key: secondary.key }), 'secondary');
  const verdict = check();
  assert.ok(verdict.accepted && verdict.value.expiresAt === (nowSeconds + 3600) * secondMs);
});

test('the scope may be the resource or a leading part of it, in any case, with a scheme, a port or a slash at the end', () => {
  const scopes = [
    'hub.example',
    'hub.example/devices',
    'hub.example/devices/abc',
    'HUB.example/Devices/ABC',
    'hub.example/devices/abc/',
    'amqps://hub.example/devices/abc',
    'https://hub.example/devices',
    'sb://hub.example',
    'hub.example:8883/devices/abc',
  ];
  for (const scope of scopes) assert.equal(outcome({ scope }), 'primary', scope);
});

test('hub 18: a token for abc does not open abcd, nor does any other scope that is no leading part', () => {
  assert.equal(outcome({ resource: 'hub.example/devices/abcd' }), 'token-scope');
  const scopes = [
    'hub.example/devices/ab',
    'hub.example/devices/abc/modules/m',
    'hub.example/devices/abcd',
    'hub.example/device',
    'hub.exampl',
    'other.example',
    'other.example/devices/abc',
    '/devices/abc',
    '/',
    'https://',
    ':443',
    ' hub.example',
    'ftp://hub.example',
    'hub.example//devices/abc',
    'hub.example/devices/../devices/abc',
    'hub.example%2Fdevices%2Fabc',
    'hub.example/devices/abc\0',
  ];
  for (const scope of scopes) assert.equal(outcome({ scope }), 'token-scope', scope);
});

test('where case counts in the path it does not count in the host', () => {
  const rest = { ignoresPathCase: false };
  assert.equal(outcome({ scope: 'HUB.example/devices/abc', rest }), 'primary');
  assert.equal(outcome({ scope: 'hub.example/devices/ABC', rest }), 'token-scope');
});

test('a signature of another key, or over another text, is refused', () => {
  assert.equal(outcome({ key: Buffer.from('another') }), 'token-signature');
  assert.equal(outcome({ key: Buffer.alloc(0) }), 'token-signature');
  assert.equal(outcome({ rest: { keys: [] } }), 'token-signature');
  const decoded = parseSasToken(
    formatSasToken({ resource: 'hub.example/devices/abc', key: primary.key, expirySeconds: nowSeconds + 9 }),
  );
  assert.ok(decoded);
  const changed = [
    { ...decoded, stringToSign: `hub.example/devices/abc\n${nowSeconds + 9}` },
    { ...decoded, stringToSign: decoded.stringToSign.replace(/9$/, '8') },
    { ...decoded, signature: Buffer.alloc(32) },
    { ...decoded, signature: signatureOf('', primary.key) },
  ];
  for (const token of changed) assert.equal(outcome({ rest: { token } }), 'token-signature');
});

test('hub 13: a token is good for 300 s after its end, to the second, and then expired', () => {
  const at = (seconds: number) => plus(testNow, seconds * secondMs);
  const expirySeconds = Math.floor(testNow / secondMs);
  assert.equal(outcome({ expirySeconds, rest: { at: at(299) } }), 'primary');
  assert.equal(outcome({ expirySeconds, rest: { at: at(301) } }), 'token-expired');
  for (const old of [0, 1, nowSeconds - 24 * 3600]) assert.equal(outcome({ expirySeconds: old }), 'token-expired');
});

test('what a token of the grace opens stays open until the grace ends', () => {
  const expirySeconds = Math.floor(testNow / secondMs) - 60;
  const verdict = check({ expirySeconds });
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.expiresAt, expirySeconds * secondMs + tokenSkewMs);
  assert.ok(verdict.value.expiresAt > testNow + 3 * minuteMs && verdict.value.expiresAt < testNow + hourMs);
});

test('an expiry near 2^64 is far away and not in the past', () => {
  for (const expirySeconds of [2n ** 64n - 1n, 2n ** 63n, 99_999_999_999_999_999_999n, 253_402_300_800n]) {
    const verdict = check({ expirySeconds });
    assert.ok(verdict.accepted);
    assert.equal(new Date(verdict.value.expiresAt).getUTCFullYear(), 9999);
  }
});

test('an expired token of a wrong key is refused for its signature: only genuine ones are called expired', () => {
  assert.equal(outcome({ key: Buffer.from('another'), expirySeconds: 1 }), 'token-signature');
});
