import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { instant } from '#base/instant.ts';
import { Secret } from '#base/secret.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { forgetSession, parseSession, requireSession, type Session, saveSession } from './session.ts';

const now = instant(Date.UTC(2026, 5, 1));
const session: Session = {
  token: new Secret('t0ken'),
  expiresAt: instant(now + 1000),
  sphereUrl: 'https://localhost:8444',
  caFile: '/ca.pem',
  tenantId: '143adbc9-1bf0-4be2-84a2-084a331d81cb',
};
const notSignedIn = (pattern: RegExp) => (error: unknown) =>
  error instanceof CommandFailure &&
  error.exit === 'notSignedIn' &&
  error.fix === 'azsphere login' &&
  pattern.test(error.message);

describe('the session file', () => {
  test('comes back as it was saved, readable by its owner alone', (t) => {
    const file = join(temporaryDirectory(t), 'new', 'azsphere.json');
    saveSession(file, session, seededRandom());
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const loaded = requireSession(file, now);
    assert.equal(loaded.token.reveal(), 't0ken');
    assert.deepEqual({ ...loaded, token: undefined }, { ...session, token: undefined });
    assert.ok(!JSON.stringify(loaded).includes('t0ken'), 'the token does not print by accident');
  });

  test('is refused when it has expired, is absent, or is damaged', (t) => {
    const file = join(temporaryDirectory(t), 'azsphere.json');
    assert.throws(() => requireSession(file, now), notSignedIn(/not signed in/));
    saveSession(file, session, seededRandom());
    assert.throws(() => requireSession(file, session.expiresAt), notSignedIn(/expired/));
    writeFileSync(file, readFileSync(file).subarray(0, 20));
    assert.throws(() => requireSession(file, now), notSignedIn(/not signed in/));
  });

  test('is forgotten once', (t) => {
    const file = join(temporaryDirectory(t), 'azsphere.json');
    saveSession(file, session, seededRandom());
    assert.equal(forgetSession(file), true);
    assert.equal(forgetSession(file), false);
  });

  test('what lacks a part is no session', () => {
    const whole = { token: 't', expiresAt: '2026-06-01T00:00:00Z', sphereUrl: 'https://x', caFile: '/c' };
    assert.ok(parseSession(whole));
    for (const name of Object.keys(whole)) assert.equal(parseSession({ ...whole, [name]: 7 }), undefined, name);
    assert.equal(parseSession({ ...whole, sphereUrl: 'no url' }), undefined);
    assert.equal(parseSession([]), undefined);
  });
});
