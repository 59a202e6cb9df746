import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hourMs, plus } from '#base/instant.ts';
import { type Answer, type CentralBench, openCentralBench, openEventStream } from '#test/support/central-bench.ts';
import {
  makeCa,
  makeCertificate,
  makeLeaf,
  makeOriginalProof,
  makeProof,
  type TestCertificate,
} from '#test/support/certificates.ts';

const operator = 'ae2c9854-393b-4f97-8c42-479d70ce626e';
const builder = '344138e9-8de4-4497-8c54-5237e96d6aaf';

describe('device connection groups', () => {
  let bench: CentralBench;
  let call: Awaited<ReturnType<CentralBench['client']>>;
  let made = 0;
  before(async () => {
    bench = await openCentralBench();
    call = await bench.client();
  });
  after(() => bench.close());

  /** A group of its own per test. */
  async function newGroup(): Promise<string> {
    const id = `group-${++made}`;
    const body = { displayName: `Group ${made}`, type: 'iot', attestation: { type: 'x509', x509: {} } };
    assert.equal((await call('PUT', `/api/enrollmentGroups/${id}`, body)).status, 200);
    return id;
  }

  const pathOf = (group: string, entry = 'primary') => `/api/enrollmentGroups/${group}/certificates/${entry}`;
  const errorOf = (answer: Answer) => answer.json.error as { code: string; message: string; requestId: string; time: string };

  async function withCertificate(ca: TestCertificate = makeCa({ name: `CA ${++made}` })) {
    const group = await newGroup();
    const answer = await call('PUT', pathOf(group), { verified: false, certificate: ca.der.toString('base64') });
    assert.equal(answer.status, 200);
    return { group, ca, answer };
  }

  const codeFor = async (group: string, entry = 'primary') =>
    String((await call('POST', `${pathOf(group, entry)}/generateVerificationCode`)).json.verificationCode);
  const verify = (group: string, proof: Buffer | string, entry = 'primary') =>
    call('POST', `${pathOf(group, entry)}/verify`, { certificate: typeof proof === 'string' ? proof : proof.toString('base64') });
  const isVerified = async (group: string, entry = 'primary') => (await call('GET', pathOf(group, entry))).json.verified;

  test('central 11: a new application has the two SAS groups, and a deleted one stays deleted', async () => {
    const ids = async () => ((await call('GET', '/api/enrollmentGroups')).json.value as { id: string }[]).map(({ id }) => id);
    assert.ok((await ids()).includes('SAS-IoT-Devices') && (await ids()).includes('SAS-IoT-Edge-Devices'));
    assert.equal((await call('DELETE', '/api/enrollmentGroups/SAS-IoT-Edge-Devices')).status, 204);
    await bench.central.start();
    assert.ok(!(await ids()).includes('SAS-IoT-Edge-Devices'));
  });

  test('central 12: a group is made, listed with its state, renamed and disabled', async () => {
    const body = { displayName: 'Azure Sphere', type: 'iot', attestation: { type: 'x509' } };
    const created = await call('PUT', '/api/enrollmentGroups/azure-sphere', body);
    assert.equal(created.status, 200);
    assert.deepEqual(
      { ...created.json, etag: '' },
      {
        id: 'azure-sphere',
        displayName: 'Azure Sphere',
        type: 'iot',
        enabled: true,
        attestation: { type: 'x509', x509: { signingCertificates: {} } },
        etag: '',
        idScope: bench.idScope,
      },
    );
    const rows = (await call('GET', '/api/ui/enrollmentGroups')).json.value as { id: string }[];
    assert.deepEqual(
      rows.find(({ id }) => id === 'azure-sphere'),
      {
        id: 'azure-sphere',
        displayName: 'Azure Sphere',
        type: 'iot',
        enabled: true,
        attestationType: 'x509',
        certificateState: 'None',
        deviceCount: 0,
        refusalCount: 0,
        automaticallyConnect: true,
      },
    );
    const patched = await call('PATCH', '/api/enrollmentGroups/azure-sphere', { displayName: 'Sphere', enabled: false });
    assert.deepEqual([patched.json.displayName, patched.json.enabled], ['Sphere', false]);
  });

  test('a group cannot change its type or attestation, and a bad id or body is refused', async () => {
    const group = await newGroup();
    assert.equal((await call('PATCH', `/api/enrollmentGroups/${group}`, { type: 'iotEdge' })).status, 409);
    const sas = { displayName: 'x', type: 'iot', attestation: { type: 'symmetricKey' } };
    assert.equal((await call('PUT', `/api/enrollmentGroups/${group}`, sas)).status, 409);
    assert.equal((await call('PUT', '/api/enrollmentGroups/bad_id', sas)).status, 400);
    assert.equal(errorOf(await call('PUT', '/api/enrollmentGroups/ok', { displayName: 'x' })).code, 'InvalidBody');
    assert.equal((await call('GET', '/api/enrollmentGroups/none')).status, 404);
    assert.equal((await call('PUT', pathOf('SAS-IoT-Devices'), { certificate: 'AAAA' })).status, 409);
  });

  test('central 88: a stale If-Match answers 412 and changes nothing', async () => {
    const group = await newGroup();
    const path = `/api/enrollmentGroups/${group}`;
    const before = (await call('GET', path)).json;
    await call('PATCH', path, { displayName: 'Second' });
    const stale = await call('PATCH', path, { displayName: 'Third' }, { 'if-match': `"${before.etag}"` });
    assert.equal(stale.status, 412);
    assert.equal((await call('GET', path)).json.displayName, 'Second');
  });

  test('central 13: a DER CA shows its subject and its SHA-1 thumbprint in upper case', async () => {
    const ca = makeCa({ name: 'Shown CA' });
    const { answer } = await withCertificate(ca);
    const info = answer.json.info as Record<string, string>;
    assert.equal(answer.json.verified, false);
    assert.equal(info.sha1Thumbprint, ca.certificate.sha1Thumbprint);
    assert.match(info.sha1Thumbprint ?? '', /^[0-9A-F]{40}$/);
    assert.equal(info.subject, 'CN=Shown CA');
    assert.equal(info.sha256Thumbprint, ca.certificate.sha256Thumbprint);
  });

  test('central 14: PEM text and base64 of a PEM file give the same values as DER', async () => {
    const { group, ca, answer } = await withCertificate();
    for (const certificate of [ca.pem, Buffer.from(ca.pem).toString('base64')]) {
      const again = await call('PUT', pathOf(group), { certificate });
      assert.equal(again.status, 200);
      assert.deepEqual(again.json.info, answer.json.info);
    }
  });

  test('central 15: the code is 48 upper-case hexadecimal digits, and asking again gives another', async () => {
    const { group } = await withCertificate();
    const codes = [await codeFor(group), await codeFor(group)];
    for (const code of codes) assert.match(code, /^[0-9A-F]{48}$/);
    assert.notEqual(codes[0], codes[1]);
  });

  test('central 16, central 20: upload, code, proof: verified, by the documented calls', async () => {
    const { group, ca, answer } = await withCertificate();
    assert.match((answer.json.info as { sha1Thumbprint: string }).sha1Thumbprint, /^[0-9A-F]{40}$/);
    assert.equal(await isVerified(group), false);
    const proof = makeOriginalProof(ca, await codeFor(group));
    const verified = await verify(group, proof.der);
    assert.equal(verified.status, 204);
    assert.equal(verified.text, '');
    const after = await call('GET', pathOf(group));
    assert.equal(after.json.verified, true);
    const info = after.json.info as Record<string, unknown>;
    assert.equal(info.selfAttested, false);
    assert.ok(info.verifiedAt !== undefined && info.verifiedBy !== undefined);
    const rows = (await call('GET', '/api/ui/enrollmentGroups')).json.value as { id: string; certificateState: string }[];
    assert.equal(rows.find(({ id }) => id === group)?.certificateState, 'Verified');
  });

  test('central 17: a proof for the voided code is refused, naming the code', async () => {
    const { group, ca } = await withCertificate();
    const proof = makeOriginalProof(ca, await codeFor(group));
    await codeFor(group);
    const refused = await verify(group, proof.der);
    assert.equal(refused.status, 400);
    assert.equal(errorOf(refused).code, 'ProofCodeMismatch');
    assert.match(errorOf(refused).message, /code/i);
    assert.equal(await isVerified(group), false);
  });

  test('central 18: a proof signed by another CA is refused, naming issuer or signature', async () => {
    const { group, ca } = await withCertificate();
    const code = await codeFor(group);
    const stranger = await verify(group, makeOriginalProof(makeCa({ name: 'Another CA' }), code).der);
    assert.deepEqual([stranger.status, errorOf(stranger).code], [400, 'ProofIssuerMismatch']);
    assert.match(errorOf(stranger).message, /issue/i);
    const namesake = makeCa({ name: String(ca.certificate.commonNames[0]) });
    const forged = await verify(group, makeOriginalProof(namesake, code).der);
    assert.deepEqual([forged.status, errorOf(forged).code], [400, 'ProofSignatureInvalid']);
    assert.match(errorOf(forged).message, /sign/i);
    assert.equal(await isVerified(group), false);
  });

  test('central 19: an expired proof is refused naming validity, a text file as no certificate', async () => {
    const { group, ca } = await withCertificate();
    const code = await codeFor(group);
    const now = bench.clock.now();
    const old = makeOriginalProof(ca, code, { notBefore: plus(now, -3 * hourMs), notAfter: plus(now, -hourMs) });
    const expired = await verify(group, old.der);
    assert.deepEqual([expired.status, errorOf(expired).code], [400, 'ProofExpired']);
    for (const text of ['hello, this is a text file', Buffer.from('hello').toString('base64')]) {
      const answer = await verify(group, text);
      assert.deepEqual([answer.status, errorOf(answer).code], [400, 'ProofMalformed']);
    }
    const upload = await call('PUT', pathOf(group), { certificate: 'hello, this is a text file' });
    assert.deepEqual([upload.status, errorOf(upload).code], [400, 'InvalidCertificate']);
    assert.equal(await isVerified(group), false);
    const own = await verify(group, ca.der);
    assert.equal(errorOf(own).code, 'ProofIsCa');
    assert.equal((await verify(group, makeOriginalProof(ca, code).der)).status, 204, 'the code outlives failed attempts');
  });

  test('each refused proof has a sentence of its own and is kept with its reason', async () => {
    const { group, ca } = await withCertificate();
    const code = await codeFor(group);
    const now = bench.clock.now();
    const proofs = [
      makeOriginalProof(ca, 'A'.repeat(48)),
      makeOriginalProof(makeCa({ name: 'Third CA' }), code),
      makeOriginalProof(ca, code, { notBefore: plus(now, -3 * hourMs), notAfter: plus(now, -hourMs) }),
      ca,
    ];
    const messages: string[] = [];
    for (const proof of proofs) messages.push(errorOf(await verify(group, proof.der)).message);
    assert.equal(new Set(messages).size, proofs.length, messages.join('\n'));
    const reasons = (await call('GET', '/api/ui/refusals')).json.value as { reason: string; trace: unknown[] }[];
    for (const reason of ['ProofCodeMismatch', 'ProofIssuerMismatch', 'ProofExpired', 'ProofIsCa']) {
      assert.ok(
        reasons.some((row) => row.reason === reason && row.trace.length > 0),
        reason,
      );
    }
  });

  test('central 21: verified on upload needs a permission of its own and is marked self-attested', async () => {
    const group = await newGroup();
    const certificate = makeCa({ name: `CA ${++made}` }).der.toString('base64');
    const answer = await call('PUT', pathOf(group), { verified: true, certificate });
    assert.deepEqual([answer.status, answer.json.verified], [200, true]);
    assert.equal((answer.json.info as { selfAttested: boolean }).selfAttested, true);
    for (const role of [operator, builder]) {
      const { token } = (await call('PUT', `/api/apiTokens/t${++made}`, { roles: [{ role }] })).json;
      const path = `${pathOf(group)}?api-version=2022-07-31`;
      const refused = await bench.ask('PUT', path, { token: String(token), body: { verified: true, certificate } });
      assert.equal(refused.status, 403);
    }
  });

  test('central 22: the secondary has its own state and code, and outlives the primary', async () => {
    const { group, ca } = await withCertificate();
    const second = makeCa({ name: `CA ${++made}` });
    assert.equal((await call('PUT', pathOf(group, 'secondary'), { certificate: second.pem })).status, 200);
    const [primaryCode, secondaryCode] = [await codeFor(group), await codeFor(group, 'secondary')];
    assert.notEqual(primaryCode, secondaryCode);
    assert.equal(errorOf(await verify(group, makeOriginalProof(second, primaryCode).der, 'secondary')).code, 'ProofCodeMismatch');
    assert.equal((await verify(group, makeOriginalProof(second, secondaryCode).der, 'secondary')).status, 204);
    assert.deepEqual([await isVerified(group), await isVerified(group, 'secondary')], [false, true]);
    assert.equal((await call('DELETE', pathOf(group))).status, 204);
    assert.equal((await call('GET', pathOf(group))).status, 404);
    assert.equal(await isVerified(group, 'secondary'), true);
    const attestation = (await bench.provisioning.groups.load(group))?.attestation;
    assert.deepEqual(attestation, { type: 'x509', secondaryCertificateId: `${group}-secondary` });
    assert.equal((await call('PUT', pathOf(group), { certificate: ca.pem })).status, 200, 'and the slot can be filled again');
  });

  test('replacing a certificate starts unverified again', async () => {
    const { group, ca } = await withCertificate();
    await verify(group, makeOriginalProof(ca, await codeFor(group)).der);
    assert.equal(await isVerified(group), true);
    await call('PUT', pathOf(group), { certificate: makeCa({ name: `CA ${++made}` }).pem });
    assert.equal(await isVerified(group), false);
    assert.deepEqual(
      (await bench.authorities.loadVerified()).filter(({ certificateId }) => certificateId === `${group}-primary`),
      [],
    );
  });

  test('a file that is no single CA certificate is refused naming the rule', async () => {
    const group = await newGroup();
    const ca = makeCa({ name: `CA ${++made}` });
    const files = [
      `${ca.pem}${makeCa({ name: 'Second in file' }).pem}`,
      makeCertificate({ subject: [['CN', 'leaf']], basicConstraints: { isCa: false } }).pem,
      makeCa({ name: 'old', notAfter: plus(bench.clock.now(), -hourMs), notBefore: plus(bench.clock.now(), -2 * hourMs) }).pem,
      Buffer.alloc(17 * 1024).toString('base64'),
      '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    ];
    const messages = new Set<string>();
    for (const certificate of files) {
      const answer = await call('PUT', pathOf(group), { certificate });
      assert.equal(answer.status, 400, certificate.slice(0, 40));
      messages.add(errorOf(answer).message);
    }
    assert.equal(messages.size, files.length, [...messages].join('\n'));
    assert.equal((await call('PUT', pathOf(group), { certificate: 'A'.repeat(49 * 1024) })).status, 400);
    assert.equal((await call('PUT', pathOf(group, 'tertiary'), { certificate: ca.pem })).status, 404);
  });

  test('deleting a group takes its certificates along, so that the same CA can be uploaded elsewhere', async () => {
    const { group, ca } = await withCertificate();
    assert.equal((await call('DELETE', `/api/enrollmentGroups/${group}`)).status, 204);
    assert.equal(await bench.authorities.load(`${group}-primary`), undefined);
    await withCertificate(ca);
  });

  test('a proof of the profile that Homeport issues verifies as well', async () => {
    const { group, ca } = await withCertificate();
    assert.equal((await verify(group, (await makeProof(ca, await codeFor(group), bench.clock.now())).pem)).status, 204);
  });

  const rowOf = async (group: string) => {
    const rows = (await call('GET', '/api/ui/enrollmentGroups')).json.value as { id: string }[];
    return rows.find(({ id }) => id === group) as Record<string, unknown> | undefined;
  };

  test('central 23: with Verified, a device whose leaf chains to the CA registers and is listed as Provisioned without reload', async () => {
    const { group, ca } = await withCertificate();
    await verify(group, makeOriginalProof(ca, await codeFor(group)).der);
    const stream = await openEventStream(bench.port, { cookie: await bench.signIn() });
    const leaf = makeLeaf({ issuer: ca, name: 'new-device' });
    assert.deepEqual(await bench.dial('new-device', [leaf.der]), { status: 200, state: 'assigned' });
    const { data } = await stream.next(({ event, data }) => event === 'device' && data.id === 'new-device', 2_000);
    assert.equal(data.status, 'Provisioned');
    assert.equal(data.enrollmentGroupId, group);
    stream.close();
    assert.equal((await rowOf(group))?.deviceCount, 1);
    const renewed = makeLeaf({ issuer: ca, name: 'new-device' });
    assert.deepEqual(await bench.dial('new-device', [renewed.der]), { status: 200, state: 'assigned' });
    assert.equal((await rowOf(group))?.deviceCount, 1, 'central 25: still one device');
    const authentication = (await bench.registry.require('new-device')).authentication;
    assert.ok(JSON.stringify(authentication).toLowerCase().includes(renewed.certificate.sha256Thumbprint));
  });

  test('central 24: before verification DPS refuses, nothing is listed, and the group counts the attempt with its reason', async () => {
    const { group, ca } = await withCertificate();
    const leaf = makeLeaf({ issuer: ca, name: 'too-early' });
    assert.equal((await bench.dial('too-early', [leaf.der])).status, 401);
    assert.equal((await call('GET', '/api/devices/too-early')).status, 404);
    assert.equal((await rowOf(group))?.refusalCount, 1);
    const refusals = (await call('GET', '/api/ui/refusals?subject=too-early')).json.value as { reason: string; fix: string }[];
    assert.equal(refusals[0]?.reason, 'issuer-not-verified');
    assert.match(refusals[0]?.fix ?? '', /verification code/);
    const stranger = makeLeaf({ issuer: makeCa({ name: 'Nobody' }), name: 'stranger' });
    assert.equal((await bench.dial('stranger', [stranger.der])).status, 401);
    assert.equal((await rowOf(group))?.refusalCount, 1, 'a chain that leads nowhere is about no group');
  });

  test('central 26: with automatic connection off a device waits until somebody approves it', async () => {
    const { group, ca } = await withCertificate();
    await verify(group, makeOriginalProof(ca, await codeFor(group)).der);
    await call('PATCH', `/api/ui/enrollmentGroups/${group}`, { automaticallyConnect: false });
    const leaf = makeLeaf({ issuer: ca, name: 'patient' });
    assert.deepEqual(await bench.dial('patient', [leaf.der]), { status: 202, state: 'assigning' });
    const detail = (await call('GET', '/api/ui/devices/patient')).json.device as { status: string };
    assert.equal(detail.status, 'Waiting for approval');
    await call('PATCH', '/api/devices/patient', { enabled: true });
    assert.deepEqual(await bench.dial('patient', [leaf.der]), { status: 200, state: 'assigned' });
  });

  test('central 27: disabling the group blocks new registrations from it, and the group counts them', async () => {
    const { group, ca } = await withCertificate();
    await verify(group, makeOriginalProof(ca, await codeFor(group)).der);
    await call('PATCH', `/api/enrollmentGroups/${group}`, { enabled: false });
    const leaf = makeLeaf({ issuer: ca, name: 'late' });
    assert.deepEqual(await bench.dial('late', [leaf.der]), { status: 200, state: 'disabled' });
    assert.equal((await call('GET', '/api/devices/late')).status, 404);
    assert.ok(Number((await rowOf(group))?.refusalCount) > 0);
  });

  test('central 22: deleting the primary leaves devices under the secondary registering', async () => {
    const { group, ca } = await withCertificate();
    const second = makeCa({ name: `CA ${++made}` });
    await call('PUT', pathOf(group, 'secondary'), { certificate: second.pem });
    await verify(group, makeOriginalProof(ca, await codeFor(group)).der);
    await verify(group, makeOriginalProof(second, await codeFor(group, 'secondary')).der, 'secondary');
    await call('DELETE', pathOf(group));
    const below = (issuer: TestCertificate, name: string) => bench.dial(name, [makeLeaf({ issuer, name }).der]);
    assert.equal((await below(ca, 'under-primary')).status, 401);
    assert.equal((await below(second, 'under-secondary')).state, 'assigned');
  });
});
