import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, type Instant, plus } from '#base/instant.ts';
import { testNow } from '#test/support/certificates.ts';
import { type DeviceRehearsal, rehearseDevice } from './rehearse-device.ts';
import { accept, type RefusalReason, refuse, type Verdict } from './verdict.ts';

const day = (number: number) => plus(testNow, number * dayMs);
const until = day(30);

/** Accepts up to and including the last moment of `end`, and refuses for `reason` afterwards. */
function endsAt(end: Instant | undefined, reason: RefusalReason = 'certificate-expired') {
  return async (at: Instant): Promise<Verdict<unknown>> =>
    end !== undefined && at > end ? refuse(reason, 'It ended.', { fix: 'Renew it.' }) : accept(undefined);
}

function rehearse(given: Partial<DeviceRehearsal>) {
  return rehearseDevice({
    now: testNow,
    until,
    ends: [day(3), day(9), day(20)],
    signIn: endsAt(undefined),
    register: undefined,
    renews: false,
    ...given,
  });
}

describe('a device in rehearsal', () => {
  test('drops at the first end after which it is refused, for that reason', async () => {
    const result = await rehearse({ signIn: endsAt(day(9), 'issuer-expired') });
    assert.ok(result.outcome === 'drops');
    assert.deepEqual(
      [result.drop.at, result.drop.refusal.reason, result.drop.refusal.fix],
      [day(9), 'issuer-expired', 'Renew it.'],
    );
  });

  test('stays when nothing that ends is its own, or when that is later', async () => {
    assert.deepEqual(await rehearse({}), { outcome: 'stays' });
    assert.deepEqual(await rehearse({ ends: [day(30), day(31)], signIn: endsAt(day(30)) }), { outcome: 'stays' });
  });

  test('is out already when today refuses it', async () => {
    const result = await rehearse({ ends: [], signIn: endsAt(day(-1)) });
    assert.equal(result.outcome, 'out');
  });

  test('stays where its enrollment would take it in again', async () => {
    const signIn = endsAt(day(9), 'issuer-expired');
    assert.deepEqual(await rehearse({ signIn, register: endsAt(undefined) }), { outcome: 'stays' });
    const result = await rehearse({ signIn, register: endsAt(day(20)) });
    assert.ok(result.outcome === 'drops');
    assert.deepEqual([result.drop.at, result.drop.refusal.reason], [day(20), 'issuer-expired']);
  });

  test('that renews outlives its own certificate, and not its issuer', async () => {
    assert.deepEqual(await rehearse({ signIn: endsAt(day(3)), renews: true }), { outcome: 'stays' });
    const register = async (at: Instant) => (at > day(20) ? endsAt(day(20), 'issuer-expired')(at) : endsAt(day(3))(at));
    const result = await rehearse({ signIn: endsAt(day(3)), register, renews: true });
    assert.ok(result.outcome === 'drops');
    assert.deepEqual([result.drop.at, result.drop.refusal.reason], [day(20), 'issuer-expired']);
  });

  test('that renews is not helped by it where the CA of its hub ends', async () => {
    const result = await rehearse({ signIn: endsAt(day(9), 'issuer-expired'), renews: true });
    assert.ok(result.outcome === 'drops');
    assert.equal(result.drop.at, day(9));
  });
});
