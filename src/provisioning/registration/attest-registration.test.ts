import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaCertificate } from '#authorities/ca-certificates.ts';
import { makeCa, makeLeaf, testNow } from '#test/support/certificates.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { noRevocation } from '#trust/revocation.ts';
import type { EnrollmentGroups } from '../enrollments/enrollment-groups.ts';
import { AttestRegistration } from './attest-registration.ts';

test('the CA certificates of the groups are parsed once, however many devices ask', async () => {
  const ca = makeCa();
  let parsed = 0;
  const authorityOf = () =>
    ({
      certificateId: 'ca',
      isVerified: true,
      get der() {
        parsed += 1;
        return ca.der;
      },
    }) as unknown as CaCertificate;
  let stored = authorityOf();
  const platform = testPlatform();
  platform.clock.setWallClock(testNow);
  const attest = new AttestRegistration({
    platform,
    idScope: '0ne00000001',
    groups: {
      list: async () => [{ groupId: 'line', isEnabled: true, attestation: { type: 'x509', primaryCertificateId: 'ca' } }],
    } as unknown as EnrollmentGroups,
    enrollments: { load: async () => undefined, neighbours: async () => [], pastThumbprints: async () => [] },
    authorities: { load: async () => stored, loadVerified: async () => [stored], list: async () => [stored] },
    revocationLists: { evidence: () => noRevocation, seen() {} },
    registrations: { load: async () => undefined },
    issuerChange: 'refuse',
    refusals: { record() {} },
  });
  const ask = (certificates: readonly Buffer[]) =>
    attest.check({
      idScope: '0ne00000001',
      registrationId: 'device-1',
      certificates,
      token: undefined,
      transport: 'mqtt',
      remoteAddress: '192.0.2.1',
    });
  for (let i = 0; i < 3; i++) {
    assert.equal((await ask([])).accepted, false);
    assert.equal((await ask([makeLeaf({ issuer: ca }).der])).accepted, true);
  }
  assert.equal(parsed, 1);
  // A certificate that was replaced is another object.
  stored = authorityOf();
  assert.equal((await ask([makeLeaf({ issuer: ca }).der])).accepted, true);
  assert.equal(parsed, 2);
});
