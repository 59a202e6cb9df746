import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sha256Hex } from '#base/bytes.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { testNow } from '#test/support/certificates.ts';
import {
  administrationCaller,
  checkApiToken,
  checkSession,
  checkSource,
  checkSphereToken,
  type StoredSession,
  type StoredSphereToken,
  type StoredToken,
} from './authenticate-user.ts';
import { permissions, roles } from './permissions.ts';
import type { Verdict } from './verdict.ts';

function reasonOf(verdict: Verdict<unknown>): string {
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

const secret = 'a'.repeat(43);
const stored: StoredSession = {
  sessionHash: sha256Hex(secret),
  userId: 'u1',
  displayName: 'Ann',
  roleId: roles.operator.id,
  createdAt: plus(testNow, -hourMs),
  lastUsedAt: plus(testNow, -hourMs),
};
const allowed = { hosts: ['localhost', '127.0.0.1', '::1', 'home.example'], origins: ['https://proxy.example'] };
const reading = { method: 'GET', host: 'localhost:8443', origin: undefined };
const writing = { method: 'POST', host: 'localhost:8443', origin: 'https://localhost:8443' };

function session(change: Partial<Parameters<typeof checkSession>[0]>): string {
  return reasonOf(checkSession({ secret, session: stored, request: reading, allowed, at: testNow, ...change }));
}

test('a session opens a request with the permissions of its role and no others', () => {
  const verdict = checkSession({ secret, session: stored, request: writing, allowed, at: testNow });
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.credential, 'session');
  assert.equal(verdict.value.displayName, 'Ann');
  assert.deepEqual(verdict.value.permissions, roles.operator.permissions);
});

test('a session ends after eight idle hours and after seven days in any case', () => {
  const fresh = plus(testNow, -1_000);
  const aged = (createdAt: number, lastUsedAt: number) =>
    session({ session: { ...stored, createdAt: plus(testNow, -createdAt), lastUsedAt: plus(testNow, -lastUsedAt) } });
  assert.equal(aged(dayMs, 8 * hourMs - 1), 'accepted');
  assert.equal(aged(dayMs, 8 * hourMs), 'session-expired');
  assert.equal(aged(7 * dayMs - 1, 1_000), 'accepted');
  assert.equal(aged(7 * dayMs, 1_000), 'session-expired');
  assert.equal(session({ session: { ...stored, lastUsedAt: fresh, createdAt: fresh } }), 'accepted');
});

test('no cookie, an unknown one, one of another session and one whose role is gone open nothing', () => {
  assert.equal(session({ secret: undefined }), 'token-missing');
  assert.equal(session({ session: undefined }), 'token-unknown');
  assert.equal(session({ secret: 'b'.repeat(43) }), 'token-unknown');
  assert.equal(session({ session: { ...stored, roleId: 'gone' } }), 'permission-missing');
});

test('a request for a host that is not ours is refused: a foreign name may have been pointed at us', () => {
  for (const host of [
    undefined,
    '',
    'evil.example',
    'evil.example:8443',
    'localhost.evil.example',
    'localhost@evil.example',
    'localhost:8443:1',
    'localhost/',
    '[::2]',
  ]) {
    assert.equal(session({ request: { ...reading, host } }), 'host-refused', String(host));
  }
  for (const host of ['localhost', 'LOCALHOST:8443', '127.0.0.1:8443', '[::1]:8443', 'home.example']) {
    assert.equal(session({ request: { ...reading, host } }), 'accepted', host);
  }
});

test('an unsafe method with a cookie needs the Origin of our own page', () => {
  assert.equal(session({ request: writing }), 'accepted');
  assert.equal(session({ request: { ...writing, origin: undefined } }), 'origin-refused');
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'post', 'BREW']) {
    for (const origin of [
      'null',
      'https://evil.example',
      'http://localhost:8443',
      'https://localhost',
      'https://localhost:8444',
      'https://localhost:8443.evil.example',
    ]) {
      assert.equal(session({ request: { ...writing, method, origin } }), 'origin-refused', `${method} ${origin}`);
    }
  }
});

test('a reading request needs no Origin, but a foreign one is refused: streams and WebSockets are read this way', () => {
  assert.equal(session({ request: reading }), 'accepted');
  assert.equal(session({ request: { ...reading, origin: 'https://evil.example' } }), 'origin-refused');
  assert.equal(session({ request: { ...reading, fetchSite: 'cross-site' } }), 'origin-refused');
  assert.equal(session({ request: { ...reading, fetchSite: 'same-site' } }), 'origin-refused');
  assert.equal(session({ request: { ...reading, fetchSite: 'same-origin' } }), 'accepted');
  assert.equal(session({ request: { ...reading, fetchSite: 'none' } }), 'accepted');
});

test('the default port may be written or left out, and a configured origin counts as ours', () => {
  const source = (host: string, origin: string) => reasonOf(checkSource({ method: 'POST', host, origin }, allowed));
  assert.equal(source('home.example', 'https://home.example'), 'accepted');
  assert.equal(source('home.example:443', 'https://home.example'), 'accepted');
  assert.equal(source('localhost:8443', 'https://proxy.example'), 'accepted');
  assert.equal(source('home.example', 'https://home.example:8443'), 'origin-refused');
  assert.equal(source('localhost:8443', 'https://home.example'), 'origin-refused');
});

const presented = { appId: 'app', tokenId: 't1', signature: 'sig' };
const token: StoredToken = {
  tokenId: 't1',
  signatureHash: sha256Hex('sig'),
  roleId: roles.builder.id,
  expiresAt: plus(testNow, hourMs),
};

function apiToken(change: Partial<Parameters<typeof checkApiToken>[0]>): string {
  return reasonOf(checkApiToken({ presented, stored: token, appId: 'app', at: testNow, ...change }));
}

test('an API token opens a request with the permissions of its role', () => {
  const verdict = checkApiToken({ presented, stored: token, appId: 'app', at: testNow });
  assert.ok(verdict.accepted);
  assert.equal(verdict.value.credential, 'api-token');
  assert.deepEqual(verdict.value.permissions, roles.builder.permissions);
});

test('central 79: an API token that is malformed, foreign, deleted, revoked, forged or expired opens nothing', () => {
  assert.equal(apiToken({ presented: undefined }), 'token-malformed');
  assert.equal(apiToken({ presented: { ...presented, appId: 'other' } }), 'token-scope');
  assert.equal(apiToken({ stored: undefined }), 'token-unknown');
  assert.equal(apiToken({ stored: { ...token, tokenId: 't2' } }), 'token-unknown');
  assert.equal(apiToken({ stored: { ...token, revokedAt: testNow } }), 'token-unknown');
  assert.equal(apiToken({ presented: { ...presented, signature: 'forged' } }), 'token-signature');
  assert.equal(apiToken({ presented: { ...presented, signature: token.signatureHash } }), 'token-signature');
  assert.equal(apiToken({ at: token.expiresAt }), 'token-expired');
  assert.equal(apiToken({ stored: { ...token, roleId: 'gone' } }), 'permission-missing');
});

const sphereToken: StoredSphereToken = {
  tokenHash: sha256Hex('bearer'),
  userId: 'administrator',
  displayName: 'Local administrator',
  expiresAt: plus(testNow, 12 * hourMs),
};

function bearer(change: Partial<Parameters<typeof checkSphereToken>[0]>): string {
  return reasonOf(checkSphereToken({ token: 'bearer', stored: sphereToken, at: testNow, ...change }));
}

test('a token of the security service opens its requests, and nothing of Central', () => {
  const verdict = checkSphereToken({ token: 'bearer', stored: sphereToken, at: testNow });
  assert.ok(verdict.accepted);
  assert.ok(verdict.value.permissions.has('sphere.claim'));
  assert.ok(!verdict.value.permissions.has('devices.read'));
});

test('a missing, unknown, wrong, revoked or expired token of the security service opens nothing', () => {
  assert.equal(bearer({ token: undefined }), 'token-missing');
  assert.equal(bearer({ token: '' }), 'token-missing');
  assert.equal(bearer({ stored: undefined }), 'token-unknown');
  assert.equal(bearer({ token: 'other' }), 'token-unknown');
  assert.equal(bearer({ token: sphereToken.tokenHash }), 'token-unknown');
  assert.equal(bearer({ stored: { ...sphereToken, revokedAt: testNow } }), 'token-unknown');
  assert.equal(bearer({ at: sphereToken.expiresAt }), 'token-expired');
});

test('whoever reaches the administration socket may do everything', () => {
  assert.deepEqual([...administrationCaller().permissions], [...permissions]);
});

test('a caller cannot be changed after it was made', () => {
  const caller = administrationCaller();
  assert.throws(() => Object.assign(caller, { userId: 'somebody else' }), TypeError);
});
