import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, plus } from '#base/instant.ts';
import { parseCrl } from '#pki/crl.ts';
import {
  makeCa,
  makeDailyLeaf,
  makeLeaf,
  makeSelfSigned,
  makeSphereAuthorities,
  type TestCertificate,
  testNow,
} from '#test/support/certificates.ts';
import { type ListRequest, makeRevocationList } from '#test/support/revocation-list.ts';
import { attestDevice } from './attest-device.ts';
import { attestIndividual } from './attest-individual.ts';
import { authenticateDevice, type DeviceAttempt, type DeviceAuthentication } from './authenticate-device.ts';
import type { KnownList, RevocationEvidence } from './revocation.ts';

const root = makeCa({ name: 'Root' });
const line = makeCa({ name: 'Line', issuer: root });
const leaf = makeLeaf({ issuer: line });
const sibling = makeLeaf({ issuer: line });
const bySigning: DeviceAuthentication = { type: 'certificateAuthority' };
const later = plus(testNow, 8 * dayMs);

function listOf(issuer: TestCertificate, revoked: readonly TestCertificate[], more: Partial<ListRequest> = {}): KnownList {
  const der = makeRevocationList({ issuer, revoked: revoked.map(({ certificate }) => certificate), ...more });
  return { crl: parseCrl(der), signer: issuer.certificate };
}

const evidence = (lists: readonly KnownList[], endedLists: RevocationEvidence['endedLists'] = 'refuse') => ({
  lists,
  endedLists,
});

/** What a hub says that trusts the root: 'accepted', or why not. */
function atHub(
  shown: readonly TestCertificate[],
  revocation: RevocationEvidence,
  authentication: DeviceAuthentication = bySigning,
  more: Partial<DeviceAttempt> = {},
): string {
  const verdict = authenticateDevice({
    device: { deviceId: 'device-1', isEnabled: true, generationId: 'g1', authentication },
    evidence: { certificates: shown.map(({ der }) => der), token: undefined },
    verifiedAnchors: [root.certificate],
    uploadedUnverified: [],
    revocation,
    hubHostName: 'hub.example',
    policies: [],
    at: testNow,
    ...more,
  });
  if (!verdict.accepted) assert.ok(verdict.refusal.fix, `${verdict.refusal.reason} says what mends it`);
  return verdict.accepted ? 'accepted' : verdict.refusal.reason;
}

const lastLeaf = (name: string, request: Partial<Parameters<typeof makeLeaf>[0]> = {}) =>
  makeLeaf({ issuer: line, name, notAfter: plus(testNow, 30 * dayMs), ...request });

test('a leaf on the list of its CA is refused as revoked, and the one beside it is not', () => {
  const lists = evidence([listOf(line, [leaf])]);
  assert.equal(atHub([leaf, line], lists), 'certificate-revoked');
  assert.equal(atHub([sibling, line], lists), 'accepted');
});

test('a CA between leaf and anchor that is on a list takes all below it along', () => {
  assert.equal(atHub([leaf, line], evidence([listOf(root, [line])])), 'issuer-revoked');
});

test('a verified CA that its own issuer took back is no anchor any more', () => {
  const lists = evidence([listOf(root, [line])]);
  const below = { verifiedAnchors: [line.certificate] };
  assert.equal(atHub([leaf], lists, bySigning, below), 'issuer-revoked');
  assert.equal(atHub([leaf], evidence([listOf(root, [])]), bySigning, below), 'accepted');
});

test('a list that has ended keeps everybody out whom it would have to cover, unless the operator chose otherwise', () => {
  const [good, bad] = [lastLeaf('device-1'), lastLeaf('device-1')];
  const list = listOf(line, [bad]);
  assert.equal(atHub([good, line], evidence([list]), bySigning, { at: later }), 'revocation-unknown');
  assert.equal(atHub([good, line], evidence([list], 'ignore'), bySigning, { at: later }), 'accepted');
  assert.equal(atHub([bad, line], evidence([list], 'ignore'), bySigning, { at: later }), 'certificate-revoked');
});

test('a list of a namesake neither revokes nor puts anything in doubt', () => {
  const namesake = makeCa({ name: 'Line' });
  assert.equal(atHub([leaf, line], evidence([listOf(namesake, [leaf])])), 'accepted');
  const own = { type: 'selfSigned', primaryThumbprint: leaf.certificate.sha256Thumbprint } as const;
  assert.equal(atHub([leaf], evidence([listOf(namesake, [leaf])]), own), 'accepted');
});

test('a thumbprint does not let in what its CA took back, whether or not the CA is one of the hub', () => {
  const own = { type: 'selfSigned', primaryThumbprint: leaf.certificate.sha256Thumbprint } as const;
  assert.equal(atHub([leaf], evidence([listOf(line, [leaf])]), own), 'certificate-revoked');
  assert.equal(atHub([leaf], evidence([listOf(line, [sibling])]), own), 'accepted');
});

test('for a thumbprint a list that ended counts for what it names, and for nothing else', () => {
  const [good, bad] = [lastLeaf('device-1'), lastLeaf('device-1')];
  const lists = evidence([listOf(line, [bad])]);
  const own = ({ certificate }: TestCertificate) =>
    ({ type: 'selfSigned', primaryThumbprint: certificate.sha256Thumbprint }) as const;
  assert.equal(atHub([good], lists, own(good), { at: later }), 'accepted');
  assert.equal(atHub([bad], lists, own(bad), { at: later }), 'certificate-revoked');
});

test('a certificate that signed itself is on nobody’s list', () => {
  const shown = makeSelfSigned();
  const own = { type: 'selfSigned', primaryThumbprint: shown.certificate.sha256Thumbprint } as const;
  assert.equal(atHub([shown], evidence([listOf(line, [shown])]), own), 'accepted');
});

test('an enrollment group and an enrollment refuse a revoked leaf, and a group whose CA is revoked lets nobody in', () => {
  const attest = (lists: readonly KnownList[]) =>
    attestDevice({
      registrationId: 'device-1',
      evidence: { certificates: [leaf.der] },
      groups: [{ groupId: 'line', isEnabled: true, anchors: [line.certificate], unverified: [] }],
      revocation: evidence(lists),
      at: testNow,
    });
  const reason = (verdict: ReturnType<typeof attest>) => (verdict.accepted ? 'accepted' : verdict.refusal.reason);
  assert.equal(reason(attest([listOf(line, [leaf])])), 'certificate-revoked');
  assert.equal(reason(attest([listOf(root, [line])])), 'issuer-revoked');
  assert.equal(reason(attest([listOf(line, [sibling])])), 'accepted');
  const alone = (lists: readonly KnownList[]) =>
    attestIndividual({
      enrollment: {
        registrationId: 'device-1',
        isEnabled: true,
        attestation: { type: 'x509', primaryThumbprint: leaf.certificate.sha256Thumbprint },
      },
      idScope: '0ne0',
      registrationId: 'device-1',
      evidence: { certificates: [leaf.der], token: undefined },
      revocation: evidence(lists),
      at: testNow,
    });
  assert.equal(reason(alone([listOf(line, [leaf])])), 'certificate-revoked');
  assert.equal(reason(alone([])), 'accepted');
});

test('sphere 77, 86: the daily leaf of a revoked device, and every leaf below a revoked tenant CA, opens nothing', async () => {
  const { policy, tenant } = await makeSphereAuthorities();
  const { deviceId, leaf: daily } = await makeDailyLeaf(tenant);
  const other = await makeDailyLeaf(tenant);
  const at = (id: string, shown: TestCertificate, lists: readonly KnownList[]) =>
    atHub([shown], evidence(lists), bySigning, {
      device: { deviceId: id, isEnabled: true, generationId: 'g1', authentication: bySigning },
      verifiedAnchors: [tenant.certificate],
    });
  assert.equal(at(deviceId, daily, [listOf(tenant, [daily])]), 'certificate-revoked');
  assert.equal(at(other.deviceId, other.leaf, [listOf(tenant, [daily])]), 'accepted');
  assert.equal(at(other.deviceId, other.leaf, [listOf(policy, [tenant])]), 'issuer-revoked');
});
