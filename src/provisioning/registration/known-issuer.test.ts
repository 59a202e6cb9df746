import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, plus } from '#base/instant.ts';
import { makeCa, makeLeaf, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { openProvisioningBench } from '#test/support/provisioning-bench.ts';
import type { IssuerChange } from '#trust/check-issuer.ts';

const caEnd = plus(testNow, 365 * dayMs);

/** A provisioning instance with two groups, either of whose CAs can sign any name. */
async function openInstance(t: { after(run: () => Promise<void>): void }, issuerChange: IssuerChange) {
  const bench = await openProvisioningBench({ issuerChange });
  t.after(() => bench.close());
  const other = makeCa({ name: 'Line 2', notAfter: plus(caEnd, 365 * dayMs) });
  await bench.verifyAuthority('line-2', other);
  await bench.provisioning.groups.create({
    groupId: 'line-2',
    displayName: 'Line 2',
    type: 'iot',
    isEnabled: true,
    attestation: { type: 'x509', primaryCertificateId: 'line-2' },
  });

  /** What the device is told in the end: that it is assigned, or the number of the refusal. */
  async function register(issuer: TestCertificate): Promise<unknown> {
    const leaf = makeLeaf({ issuer, name: 'dev1', notAfter: plus(caEnd, dayMs) });
    const device = await bench.connect({ certificates: [leaf] });
    await device.subscribe();
    const { body, status } = await device.register();
    if (status !== 202) return status;
    return (await device.poll(body.operationId)).body.status;
  }
  const reasons = async () => (await bench.refusals.list({ subject: 'dev1' })).map(({ reason }) => reason);
  return { bench, own: bench.ca, other, register, reasons };
}

describe('a registered device below another CA', () => {
  test('sphere 57: is refused when its CA is pinned, and keeps its registration and its identity', async (t) => {
    const { bench, own, other, register, reasons } = await openInstance(t, 'refuse');
    assert.equal(await register(own), 'assigned');
    const before = await bench.provisioning.registrations.load('dev1');
    const identity = await bench.hub.registry.load('dev1');
    assert.equal(await register(other), 401);
    assert.deepEqual(await reasons(), ['issuer-changed']);
    assert.deepEqual(await bench.provisioning.registrations.load('dev1'), before);
    assert.deepEqual(await bench.hub.registry.load('dev1'), identity);
    assert.equal(await register(own), 'assigned');
  });

  test('sphere 57: otherwise it registers, and people are told', async (t) => {
    const { own, other, register, reasons } = await openInstance(t, 'alert');
    assert.equal(await register(own), 'assigned');
    assert.deepEqual(await reasons(), []);
    assert.equal(await register(other), 'assigned');
    assert.deepEqual(await reasons(), ['issuer-changed']);
  });

  test('registers in the last 90 days of its CA, and when its registration was deleted', async (t) => {
    const { bench, own, other, register } = await openInstance(t, 'refuse');
    assert.equal(await register(other), 'assigned');
    assert.equal(await register(own), 401);
    await bench.provisioning.registrations.delete('dev1');
    assert.equal(await register(own), 'assigned');
    bench.clock.setWallClock(plus(own.certificate.notAfter, -89 * dayMs));
    assert.equal(await register(other), 'assigned');
  });
});
