import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { instant, secondMs } from '#base/instant.ts';
import { generateEcKey } from '#pki/key.ts';
import {
  makeCa,
  makeCertificate,
  makeDailyLeaf,
  makeLeaf,
  makeProof,
  makeSphereAuthorities,
  type TestCertificate,
} from '#test/support/certificates.ts';
import { type CompatBench, type Identity, identityOf, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';

type Authorities = Awaited<ReturnType<typeof makeSphereAuthorities>>;

const later = (at: number, ms: number) => instant(at + ms);

describe('refused, with the true reason and nothing changed', () => {
  let bench: CompatBench;
  let own: Authorities;
  let foreign: Authorities;
  let made = 0;
  before(async () => {
    bench = await openCompatBench();
    own = await makeSphereAuthorities({ now: bench.now });
    foreign = await makeSphereAuthorities({ now: bench.now, root: own.root, policy: own.policy });
    await bench.enroll('tenant', own.tenant);
    await bench.trustAtHub('tenant', own.tenant);
    await bench.trustAtHub('factory-root', bench.root);
  });
  after(() => bench?.close());

  const chainOf = ({ tenant, policy, root }: Authorities) => [tenant, policy, root];

  /** The device is turned away by the register call; it exists nowhere; and this is why. */
  async function refusedByDps(identity: Identity, registrationId: string, reason: string): Promise<void> {
    const { status, body } = await bench.register(identity, registrationId);
    assert.equal(status, 401);
    assert.equal(body.errorCode, 401002);
    const refusal = (await bench.refusals(registrationId)).find(({ service }) => service === 'provisioning');
    assert.equal(refusal?.reason, reason);
    assert.equal((await bench.devices()).includes(registrationId), false);
    assert.equal((await bench.hubDevices()).includes(registrationId), false);
  }

  /** An identity that trusts verified CAs exists; whoever shows this gets 5, and no event of it is in the log. */
  async function refusedByHub(identity: Identity, deviceId: string, reason: string): Promise<void> {
    await bench.createHubDevice(deviceId, 'ca');
    const device = await bench.dialHub(identity, deviceId);
    assert.equal(device.code, 5);
    await device.closed();
    const refusal = (await bench.refusals(deviceId)).find(({ service }) => service === 'hub');
    assert.equal(refusal?.reason, reason);
    await bench.home.ok('homeport', ['hub', 'device', 'delete', '--device-id', deviceId]);
  }

  async function refusedByBoth(identity: Identity, id: string, reason: string): Promise<void> {
    await refusedByDps(identity, id, reason);
    await refusedByHub(identity, id, reason);
  }

  describe('proofs and uploads', () => {
    for (const [what, proofOf, reason] of [
      ['a wrong code', (ca: TestCertificate) => bench.proofOf(ca, 'AB'.repeat(24)), 'ProofCodeMismatch'],
      [
        'another CA',
        (_ca: TestCertificate, code: string) => bench.proofOf(makeCa({ name: 'Other', ...bench.dates }), code),
        'ProofIssuerMismatch',
      ],
      [
        'another CA of the same name',
        (_ca: TestCertificate, code: string) => bench.proofOf(makeCa({ name: 'Proven', ...bench.dates }), code),
        'ProofSignatureInvalid',
      ],
    ] as const) {
      test(`a proof with or of ${what} is ${reason}, and the certificate stays unverified with its code`, async () => {
        const groupId = `proof-${++made}`;
        const ca = makeCa({ name: 'Proven', ...bench.dates });
        const code = await bench.uploadTo(groupId, ca);
        const path = `/api/enrollmentGroups/${groupId}/certificates/primary`;
        const before = await bench.central.ok('GET', path);
        const { status, body } = await bench.verifyIn(groupId, proofOf(ca, code));
        assert.equal(status, 400);
        assert.match(JSON.stringify(body), new RegExp(reason));
        assert.deepEqual(await bench.central.ok('GET', path), before);
        assert.equal(before.verified, false);
        assert.ok((await bench.refusals()).some((refusal) => refusal.reason === reason && refusal.service === 'provisioning'));
        assert.ok((await bench.verifyIn(groupId, bench.proofOf(ca, code))).status < 300, 'the code is still good');
      });
    }

    test('a CA without basicConstraints is not taken, by Central or by the hub', async () => {
      const ca = makeCertificate({ subject: [['CN', 'No constraints']], keyUsage: ['keyCertSign'], ...bench.dates });
      await bench.central.ok('PUT', '/api/enrollmentGroups/bare', {
        displayName: 'bare',
        type: 'iot',
        attestation: { type: 'x509' },
      });
      const path = '/api/enrollmentGroups/bare/certificates/primary';
      const { status } = await bench.central.call('PUT', path, { certificate: ca.der.toString('base64') });
      assert.equal(status, 400);
      assert.equal((await bench.central.call('GET', path)).status, 404);
      await assert.rejects(bench.trustAtHub('bare', ca));
      const reasons = (await bench.refusals()).filter(({ reason }) => reason === 'issuer-not-ca');
      assert.deepEqual(new Set(reasons.map(({ service }) => service)), new Set(['hub', 'provisioning']));
    });
  });

  describe('certificates', () => {
    test('sphere 43: a CA-signed identity of the lower-case id connects, one of the upper-case id is refused', async () => {
      const { deviceId, leaf } = await makeDailyLeaf(own.tenant, { now: bench.now });
      const identity = identityOf(leaf, chainOf(own));
      await bench.createHubDevice(deviceId, 'ca');
      const device = await bench.dialHub(identity, deviceId);
      assert.equal(device.code, 0);
      device.disconnect();
      await refusedByHub(identity, deviceId.toUpperCase(), 'common-name-mismatch');
    });

    test('sphere 44: a chain under a CA that was uploaded and not verified is refused', async () => {
      const ca = makeCa({ name: 'Unproven', ...bench.dates });
      await bench.uploadTo('unproven', ca);
      await bench.trustAtHub('unproven', ca, { isProven: false });
      await refusedByBoth(bench.leafOf('unproven-1', { issuer: ca }, [ca]), 'unproven-1', 'issuer-not-verified');
    });

    test('sphere 45: a leaf of another tenant under the same root, with its whole chain, is refused', async () => {
      const { deviceId, leaf } = await makeDailyLeaf(foreign.tenant, { now: bench.now });
      await refusedByBoth(identityOf(leaf, chainOf(foreign)), deviceId, 'issuer-unknown');
    });

    test('sphere 46: an expired leaf is refused', async () => {
      const dates = { notBefore: later(bench.now, -3600 * secondMs), notAfter: later(bench.now, -600 * secondMs) };
      await refusedByBoth(bench.leafOf('expired-1', dates), 'expired-1', 'certificate-expired');
    });

    test('sphere 47: a leaf that is not valid yet is refused', async () => {
      const dates = { notBefore: later(bench.now, 3600 * secondMs), notAfter: later(bench.now, 7200 * secondMs) };
      await refusedByBoth(bench.leafOf('early-1', dates), 'early-1', 'certificate-not-yet-valid');
    });

    test('sphere 49: a certificate that is a CA itself is refused as a leaf', async () => {
      const leaf = makeLeaf({ name: 'ca-leaf-1', issuer: bench.line, ...bench.dates, basicConstraints: { isCa: true } });
      await refusedByBoth(identityOf(leaf, [bench.line]), 'ca-leaf-1', 'leaf-is-ca');
    });

    test('sphere 51: a common name that is not the id is refused', async () => {
      await refusedByBoth(bench.leafOf('named-1'), 'named-2', 'common-name-mismatch');
    });

    test('sphere 53: a self-signed leaf of the right name is refused where a CA is asked for', async () => {
      await refusedByBoth(bench.selfSignedOf('self-1', { basicConstraints: { isCa: false } }), 'self-1', 'issuer-unknown');
    });

    test('sphere 35: a proof certificate opens neither the hub nor DPS', async () => {
      const code = 'CD'.repeat(24);
      const ours = identityOf(await makeProof(own.tenant, code, bench.now), chainOf(own));
      await refusedByBoth(ours, code, 'leaf-purpose');
      const original = bench.proofOf(own.tenant, 'EF'.repeat(24), { key: generateEcKey('P-256') });
      await refusedByBoth(identityOf(original, chainOf(own)), 'EF'.repeat(24), 'leaf-purpose');
    });
  });

  describe('what a device sends that was let in', () => {
    test('an oversize message ends the session and is not stored', async () => {
      const device = await bench.dialHub(await bench.registerThermometer('big-1'), 'big-1');
      await device.send('devices/big-1/messages/events/', '"before"');
      device.sendOnce('devices/big-1/messages/events/', Buffer.alloc(257 * 1024, 'x'));
      await device.closed();
      const refusal = await bench.refusal('big-1');
      assert.equal(refusal.service, 'hub');
      assert.equal(refusal.reason, 'message-too-large');
      await bench.arrival('big-1', '"before"');
      assert.equal((await bench.raw('big-1')).filter(({ source }) => source === 'Telemetry').length, 1);
    });

    for (const [what, bytes] of [
      ['a PUBLISH without room for its topic', [0x32, 0x02, 0x00, 0x09]],
      ['a remaining length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
      ['a topic that is no UTF-8', [0x30, 0x04, 0x00, 0x02, 0xc3, 0x28]],
      ['a SUBSCRIBE without filters', [0x82, 0x02, 0x00, 0x01]],
    ] as const) {
      test(`a malformed packet, ${what}, ends the sessions of hub and DPS`, async () => {
        const id = `odd-${++made}`;
        const identity = await bench.registerThermometer(id);
        const dps = await bench.dialDps(identity, id);
        dps.write(Buffer.from(bytes));
        await dps.closed();
        const hub = await bench.dialHub(identity, id);
        hub.write(Buffer.from(bytes));
        await hub.closed();
        const found = await eventually(async () => {
          const rows = await bench.refusals(id);
          return rows.length === 2 ? rows : undefined;
        });
        assert.deepEqual(new Set(found.map(({ service }) => service)), new Set(['hub', 'provisioning']));
        assert.ok(found.every(({ reason }) => reason === 'message-malformed'));
        assert.deepEqual(
          (await bench.raw(id)).filter(({ source }) => source === 'Telemetry'),
          [],
        );
      });
    }
  });
});
