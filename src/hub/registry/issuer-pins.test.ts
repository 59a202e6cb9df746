import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, plus } from '#base/instant.ts';
import { makeCa, makeLeaf, makeOriginalProof, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { openHubBench } from '#test/support/hub-bench.ts';
import type { IssuerChange } from '#trust/check-issuer.ts';
import { noRevocation } from '#trust/revocation.ts';

const caEnd = plus(testNow, 365 * dayMs);

/** A hub that trusts two CAs, both of which can sign any name, and one CA-signed device. */
async function openHub(t: { after(run: () => Promise<void>): void }, issuerChange: IssuerChange) {
  const bench = await openHubBench({ issuerChange });
  t.after(() => bench.close());
  const [own, other] = [makeCa({ name: 'Own', notAfter: caEnd }), makeCa({ name: 'Other', notAfter: plus(caEnd, 365 * dayMs) })];
  for (const [certificateId, ca] of [
    ['own', own],
    ['other', other],
  ] as const) {
    await bench.hub.authorities.upload({ certificateId, file: ca.der, by: 'test' });
    const { verificationCode = '' } = await bench.hub.authorities.generateVerificationCode(certificateId);
    await bench.hub.authorities.verify(certificateId, makeOriginalProof(ca, verificationCode).der, 'test');
  }
  await bench.hub.registry.create({ deviceId: 'dev1', authentication: { type: 'certificateAuthority' } });
  const leafOf = (issuer: TestCertificate) => makeLeaf({ issuer, name: 'dev1', notAfter: plus(caEnd, dayMs) });
  const code = async (issuer: TestCertificate) => (await bench.connect({ certificates: [leafOf(issuer)] })).answer.code;
  const reasons = async () => (await bench.refusals.list({ service: 'hub', subject: 'dev1' })).map(({ reason }) => reason);
  return { bench, own, other, code, reasons };
}

describe('a known device below another CA', () => {
  test('sphere 57: is refused when its CA is pinned, with a refusal that people see, and comes in below its own', async (t) => {
    const { own, other, code, reasons } = await openHub(t, 'refuse');
    assert.equal(await code(own), 0);
    assert.equal(await code(own), 0, 'a new leaf of the same CA changes nothing');
    assert.equal(await code(other), 5);
    assert.deepEqual(await reasons(), ['issuer-changed']);
    assert.equal(await code(own), 0);
  });

  test('sphere 57: otherwise it is let in, and people are told once for each change', async (t) => {
    const { bench, own, other, code, reasons } = await openHub(t, 'alert');
    assert.equal(await code(own), 0);
    assert.deepEqual(await reasons(), []);
    assert.equal(await code(other), 0);
    assert.equal(await code(other), 0);
    assert.deepEqual(await reasons(), ['issuer-changed']);
    assert.equal((await bench.refusals.list())[0]?.times, 1);
    assert.equal(await code(own), 0);
    assert.equal((await bench.refusals.list())[0]?.times, 2);
  });

  test('is let in while its CA is in its last 90 days, and pinned to the new one from then on', async (t) => {
    const { bench, own, other, code, reasons } = await openHub(t, 'refuse');
    assert.equal(await code(own), 0);
    bench.clock.setWallClock(plus(caEnd, -89 * dayMs));
    assert.equal(await code(other), 0);
    assert.deepEqual(await reasons(), []);
    assert.equal(await code(own), 5, 'nobody goes back');
  });

  test('is let in when the old CA was deleted, or the identity was made anew', async (t) => {
    const { bench, own, other, code } = await openHub(t, 'refuse');
    assert.equal(await code(own), 0);
    await bench.hub.registry.delete('dev1');
    await bench.hub.registry.create({ deviceId: 'dev1', authentication: { type: 'certificateAuthority' } });
    assert.equal(await code(other), 0);
    assert.equal(await code(own), 5);
    await bench.hub.authorities.delete('other');
    assert.equal(await code(own), 0);
  });

  test('somebody who only asks what would be pins nothing', async (t) => {
    const { bench, own, other, code } = await openHub(t, 'refuse');
    const shown = { certificates: [makeLeaf({ issuer: other, name: 'dev1' }).der], token: undefined };
    assert.equal(
      (await bench.hub.signInAt({ deviceId: 'dev1' }, shown, { at: testNow, revocation: noRevocation })).accepted,
      true,
    );
    assert.equal(await code(own), 0);
  });
});
