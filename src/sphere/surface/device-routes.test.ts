import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, hourMs, minuteMs, plus, secondMs } from '#base/instant.ts';
import { isSignedBy, parseCertificate } from '#pki/certificate.ts';
import { generateEcKey } from '#pki/key.ts';
import { parsePkcs7Chain } from '#pki/pkcs7.ts';
import { attestationPaths } from '#sphere/contract/attestation.ts';
import { audienceOf, type Component, encodeMeasurements, evidenceFormat, ueidOf } from '#sphere/contract/evidence.ts';
import { shippedComponents } from '#sphere/contract/shipped-components.ts';
import { defaultPolicy } from '#sphere/policies/policies.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench, type SphereBench } from '#test/support/sphere-bench.ts';
import type { TestBoard } from '#test/support/sphere-board.ts';

/** Refused: the status and code that the peer sees, the reason that we keep, and no leaf on record. */
async function assertRefused(
  bench: SphereBench,
  board: TestBoard,
  answer: { status: number; body: { code?: string } },
  expected: { status?: number; code: string; reason?: string },
) {
  assert.deepEqual([answer.status, answer.body.code], [expected.status ?? 403, expected.code]);
  assert.equal(bench.lastReason(board), expected.reason ?? expected.code);
  const leaves = await bench.database.selectFrom('sphere_leaf').selectAll().where('device_id', '=', board.deviceId).execute();
  assert.deepEqual(leaves, []);
}

for (const kind of testDatabases()) {
  describe(`attestation on ${kind.name}`, () => {
    test('sphere 60: nonce, evidence and request give a leaf of 25 hours below the tenant CA', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const { csr, keyPair } = await board.makeCsr();
      const { status, body, headers } = await bench.attest(board, { csr });
      assert.equal(status, 200);
      assert.equal(headers.get('cache-control'), 'no-store');
      const leaf = parseCertificate(Buffer.from(body.certificate, 'base64'));
      const [root, policy, tenant] = parsePkcs7Chain(Buffer.from(body.chain, 'base64')).map(parseCertificate);
      assert.ok(root && policy && tenant);
      assert.equal(leaf.subject, `CN=${board.deviceId}`);
      assert.ok(leaf.publicKey.equals(keyPair.publicKey));
      assert.equal(leaf.notAfter - leaf.notBefore, 25 * hourMs);
      assert.ok(isSignedBy(leaf, tenant) && isSignedBy(tenant, policy) && isSignedBy(policy, root));
      const now = bench.platform.clock.now();
      assert.equal(leaf.notBefore, now - hourMs);
      const renewAfterMs = Date.parse(body.renewAfter) - now;
      assert.ok(renewAfterMs >= 14.4 * hourMs && renewAfterMs <= 17.6 * hourMs);
      assert.deepEqual([body.assurance, body.tier, body.warnings], ['A0', 'affirming', []]);
      const [entry] = await bench.sphere.audit.list({ type: 'issue' });
      assert.equal(entry?.certificateSha256, leaf.sha256Thumbprint);
      assert.notEqual(entry.subject, board.deviceId);
      const device = await bench.sphere.devices.load(board.deviceId);
      assert.deepEqual([device?.assurance, device?.leafNotAfter, device?.bootCount], ['A0', leaf.notAfter, 1]);
    });

    test('sphere 60: the same device gets another leaf the next day, for another key', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      assert.equal((await bench.attest(board)).status, 200);
      bench.platform.clock.advance(16 * hourMs);
      assert.equal((await bench.attest(board)).status, 200);
    });

    test('sphere 61: a nonce is good once', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const nonce = await bench.nonceFor(board.deviceId);
      assert.equal((await bench.attest(board, { nonce })).status, 200);
      const second = await bench.attest(board, { nonce });
      assert.deepEqual([second.status, second.body.code], [403, 'denied']);
      assert.equal(bench.lastReason(board), 'nonce-replayed');
    });

    test('sphere 61: of two attempts with one nonce that arrive at once, one is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const nonce = await bench.nonceFor(board.deviceId);
      const answers = await Promise.all([bench.attest(board, { nonce }), bench.attest(board, { nonce })]);
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 403]);
      assert.equal((await bench.sphere.audit.list({ type: 'issue' })).length, 1);
    });

    test('sphere 61: a nonce is spent by an attempt whose signature fails', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const nonce = await bench.nonceFor(board.deviceId);
      await bench.attest(board, { nonce, signing: { key: generateEcKey('P-256').privateKey } });
      assert.equal(bench.lastReason(board), 'evidence-signature');
      await assertRefused(bench, board, await bench.attest(board, { nonce }), { code: 'denied', reason: 'nonce-replayed' });
    });

    test("sphere 62: another device's nonce is refused", async (t) => {
      const bench = await openSphereBench(kind, t);
      const [a, b] = [await bench.claimedBoard(), await bench.claimedBoard()];
      const nonce = await bench.nonceFor(a.deviceId);
      await assertRefused(bench, b, await bench.attest(b, { nonce }), { code: 'denied', reason: 'nonce-invalid' });
    });

    test("sphere 62: another tenant's nonce is refused", async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const other = await bench.sphere.tenants.create('Other');
      const nonce = await bench.nonceFor(board.deviceId, other.tenantId);
      await assertRefused(bench, board, await bench.attest(board, { nonce }), { code: 'denied', reason: 'nonce-invalid' });
    });

    test('sphere 63: a nonce is refused from 120 seconds on', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const [early, late] = [await bench.nonceFor(board.deviceId), await bench.nonceFor(board.deviceId)];
      bench.platform.clock.advance(120 * secondMs);
      await assertRefused(bench, board, await bench.attest(board, { nonce: late }), { code: 'denied', reason: 'nonce-expired' });
      bench.platform.clock.setWallClock(plus(bench.platform.clock.now(), -1));
      assert.equal((await bench.attest(board, { nonce: early })).status, 200);
    });

    test('sphere 63: a nonce issued before midnight is good after it', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      bench.platform.clock.advance(dayMs - 30 * secondMs - (bench.platform.clock.now() % dayMs));
      const nonce = await bench.nonceFor(board.deviceId);
      bench.platform.clock.advance(minuteMs);
      assert.equal((await bench.attest(board, { nonce })).status, 200);
    });

    test('sphere 64: evidence without a signature, with HMAC under the public key, or under an embedded key is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const attacker = generateEcKey('P-256');
      const publicBytes = board.identity.publicKey.export({ type: 'spki', format: 'der' });
      const jwk = attacker.publicKey.export({ format: 'jwk' });
      const crooked = {
        hmac: { key: publicBytes, header: { alg: 'HS256' } },
        embedded: { key: attacker.privateKey, header: { jwk } },
        'key id': { key: attacker.privateKey, header: { kid: board.deviceId } },
        'critical extension': { header: { crit: ['x-hp'], 'x-hp': 1 } },
        'another type': { header: { typ: 'jwt' } },
      };
      for (const [name, signing] of Object.entries(crooked)) {
        bench.platform.clock.advance(minuteMs);
        const answer = await bench.attest(board, { signing });
        assert.deepEqual([answer.status, answer.body.code], [403, 'denied'], name);
        await assertRefused(bench, board, answer, { code: 'denied', reason: 'evidence-signature' });
      }
      const nonce = await bench.nonceFor(board.deviceId);
      const { csr } = await board.makeCsr();
      const [, payload] = (await board.certificateEvidence({ nonce, tenantId: bench.tenantId, csr })).split('.');
      const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'eat+jwt' })).toString('base64url');
      const unsigned = await bench.attest(board, { csr, evidence: `${header}.${payload}.` });
      await assertRefused(bench, board, unsigned, { code: 'denied', reason: 'evidence-signature' });
    });

    test('sphere 65: evidence over another request is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const { csr: sentCsr } = await board.makeCsr();
      await assertRefused(bench, board, await bench.attest(board, { sentCsr }), { code: 'evidence-mismatch' });
    });

    test('sphere 65: evidence about another device, service or profile is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const other = bench.newBoard();
      const wrong = [
        { 'hp-did': other.deviceId },
        { 'hp-did': board.deviceId.toUpperCase() },
        { ueid: ueidOf(other.deviceId) },
        { 'hp-aud': audienceOf('https://elsewhere.test', bench.tenantId) },
        { 'hp-aud': audienceOf(bench.origin, (await bench.sphere.tenants.create('Other')).tenantId) },
        { eat_profile: 'urn:other' },
      ];
      for (const overrides of wrong) {
        bench.platform.clock.advance(minuteMs);
        await assertRefused(bench, board, await bench.attest(board, { overrides }), { code: 'evidence-mismatch' });
      }
    });

    test('evidence may name any of the origins under which the service is configured', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const overrides = { 'hp-aud': audienceOf('https://alias.test:8444', bench.tenantId) };
      assert.equal((await bench.attest(board, { overrides })).status, 200);
    });

    test('sphere 66: a request with a bad signature, another name or the identity key is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const { csr } = await board.makeCsr();
      const forged = Buffer.from(csr);
      forged.writeUInt8((forged.at(-1) ?? 0) ^ 1, forged.length - 1);
      await assertRefused(bench, board, await bench.attest(board, { csr: forged }), { code: 'csr-invalid' });
      await assertRefused(bench, board, await bench.attest(board, { csr: Buffer.from('not a request') }), {
        code: 'csr-invalid',
      });
      const { csr: foreign } = await board.makeCsr({ commonName: bench.newBoard().deviceId });
      await assertRefused(bench, board, await bench.attest(board, { csr: foreign }), { code: 'csr-cn-mismatch' });
      const { csr: upper } = await board.makeCsr({ commonName: board.deviceId.toUpperCase() });
      await assertRefused(bench, board, await bench.attest(board, { csr: upper }), { code: 'csr-cn-mismatch' });
      const { csr: identity } = await board.makeCsr({ keyPair: board.identity });
      await assertRefused(bench, board, await bench.attest(board, { csr: identity }), { code: 'csr-key-reuse' });
    });

    test('sphere 66: a key is certified once', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const { csr } = await board.makeCsr();
      assert.equal((await bench.attest(board, { csr })).status, 200);
      const again = await bench.attest(board, { csr });
      assert.deepEqual([again.status, again.body.code], [403, 'csr-key-reuse']);
      const together = (await board.makeCsr()).csr;
      const nonces = [await bench.nonceFor(board.deviceId), await bench.nonceFor(board.deviceId)];
      const answers = await Promise.all(nonces.map((nonce) => bench.attest(board, { csr: together, nonce })));
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 403]);
    });

    test('sphere 67: one changed digest is refused as measurement-unknown', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      board.components = shippedComponents('d1').map((component, index) =>
        index === 2 ? { ...component, digest: component.digest.replace(/^./, (c) => (c === '0' ? '1' : '0')) } : component,
      );
      await assertRefused(bench, board, await bench.attest(board), { code: 'measurement-unknown' });
    });

    test('sphere 67: a component left out, or one that lies about its version, is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      board.components = shippedComponents('d1').slice(1);
      await assertRefused(bench, board, await bench.attest(board), { code: 'measurement-unknown' });
      board.components = shippedComponents('d1').map((component): Component => ({ ...component, svn: 99 }));
      await assertRefused(bench, board, await bench.attest(board), { code: 'measurement-unknown' });
    });

    test('both shipped simulators pass the reference values of the first run', async (t) => {
      const bench = await openSphereBench(kind, t);
      for (const application of ['d1', 'd4'] as const) {
        const board = await bench.claimedBoard();
        board.components = shippedComponents(application);
        assert.equal((await bench.attest(board)).status, 200, application);
      }
    });

    test('a version below the floor is refused and told what it needs', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      await bench.sphere.policies.change(bench.tenantId, { ...defaultPolicy, floors: { 'homeport-sim-agent': 2 } }, 'test');
      const answer = await bench.attest(board);
      await assertRefused(bench, board, answer, { code: 'version-below-floor' });
      assert.deepEqual((answer.body as unknown as { required: unknown }).required, {
        component: 'homeport-sim-agent',
        minimumVersion: 2,
      });
    });

    test('sphere 70: a boot counter that falls is rollback-detected', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      board.bootCount = 5;
      assert.equal((await bench.attest(board)).status, 200);
      board.bootCount = 4;
      const answer = await bench.attest(board);
      assert.deepEqual([answer.status, answer.body.code], [403, 'rollback-detected']);
      assert.equal((await bench.sphere.devices.load(board.deviceId))?.bootCount, 5);
    });

    test('sphere 71: a second boot seed at one boot count is clone-suspected', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      assert.equal((await bench.attest(board)).status, 200);
      board.bootSeed = Buffer.alloc(32, 2);
      assert.equal((await bench.attest(board)).body.code, 'clone-suspected');
      board.bootSeed = Buffer.alloc(32, 1);
      assert.equal((await bench.attest(board)).status, 200);
    });

    test('sphere 73: an untrusted clock may be a year wrong, a trusted one may not', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const iat = Math.floor((bench.platform.clock.now() - 365 * dayMs) / 1000);
      await assertRefused(bench, board, await bench.attest(board, { overrides: { iat, 'hp-clock': 'trusted' } }), {
        code: 'clock-skew',
      });
      assert.equal((await bench.attest(board, { overrides: { iat, 'hp-clock': 'untrusted' } })).status, 200);
      const present = Math.floor(bench.platform.clock.now() / 1000);
      assert.equal((await bench.attest(board, { overrides: { iat: present, 'hp-clock': 'trusted' } })).status, 200);
    });

    test('a device in development mode is refused as debug-enabled', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      await assertRefused(bench, board, await bench.attest(board, { overrides: { dbgstat: 'enabled' } }), {
        code: 'debug-enabled',
      });
      await bench.sphere.policies.change(bench.tenantId, { ...defaultPolicy, debug: 'allowed' }, 'test');
      const allowed = await bench.attest(board, { overrides: { dbgstat: 'enabled' } });
      assert.deepEqual([allowed.status, allowed.body.tier, allowed.body.warnings], [200, 'warning', ['debug-enabled']]);
    });

    test('sphere 74: with the server clock an hour back nothing is issued until it is right again', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      assert.equal((await bench.attest(board)).status, 200);
      const right = bench.platform.clock.now();
      bench.platform.clock.setWallClock(plus(right, -hourMs));
      const answer = await bench.attest(board);
      assert.deepEqual([answer.status, answer.body.code], [503, 'clock-guard']);
      const proof = await bench.cloud(`/sphere/v2/tenants/${bench.tenantId}/verification/CODE`);
      assert.deepEqual([proof.status, proof.body.reason], [503, 'clock-guard']);
      bench.platform.clock.setWallClock(right);
      assert.equal((await bench.attest(board)).status, 200);
    });

    test('sphere 76: before possession is proven, unknown, unclaimed and foreign devices get the same bytes', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const [own, unclaimed] = [await bench.claimedBoard(), bench.newBoard()];
      const foreign = bench.newBoard();
      assert.equal((await bench.claim(foreign, { tenantId: other.tenantId })).status, 200);
      const signing = { key: generateEcKey('P-256').privateKey };
      const answers = [];
      for (const board of [own, unclaimed, foreign]) {
        answers.push(await bench.attest(board, { signing }));
        answers.push(await bench.attest(board, { nonce: Buffer.alloc(41, 1).toString('base64url') }));
        const nonce = await bench.nonceFor(board.deviceId);
        await bench.attest(board, { nonce, signing });
        answers.push(await bench.attest(board, { nonce, signing }));
      }
      const shown = answers.map(({ status, text }) => `${status} ${text}`);
      assert.equal(new Set(shown).size, 1, shown.join('\n'));
      assert.match(shown[0] ?? '', /^403 .*"code":"denied"/);
    });

    test('sphere 76: nonces look alike for devices and tenants that exist and those that do not', async (t) => {
      const bench = await openSphereBench(kind, t);
      const ask = (deviceId: string, tenantId: string) =>
        bench.send<Record<string, unknown>>('POST', attestationPaths.nonces, { deviceId, tenantId, evidenceFormat });
      const own = await bench.claimedBoard();
      const [known, unknown, nowhere] = [
        await ask(own.deviceId, bench.tenantId),
        await ask(bench.newBoard().deviceId, bench.tenantId),
        await ask(bench.newBoard().deviceId, '00000000-0000-4000-8000-000000000000'),
      ];
      const without = ({ status, body }: typeof known) => ({ status, body: { ...body, nonce: String(body.nonce).length } });
      assert.deepEqual(without(unknown), without(known));
      assert.deepEqual(without(nowhere), without(known));
    });

    test('a device that nobody claimed, that another tenant claimed, or that knows another epoch is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const board = bench.newBoard();
      await assertRefused(bench, board, await bench.attest(board), { code: 'not-claimed' });
      assert.equal((await bench.claim(board, { tenantId: other.tenantId })).status, 200);
      const foreign = await bench.attest(board);
      await assertRefused(bench, board, foreign, { code: 'wrong-tenant' });
      assert.ok(!foreign.text.includes(other.tenantId));
      board.claimEpoch = 2;
      await assertRefused(bench, board, await bench.attest(board, { tenantId: other.tenantId }), { code: 'claim-epoch' });
    });

    test('a suspended device is refused until it is resumed, a revoked one for good', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const { devices } = bench.sphere;
      await devices.setStatus(bench.tenantId, board.deviceId, 'suspended', 'test');
      await assertRefused(bench, board, await bench.attest(board), { code: 'device-suspended' });
      await devices.setStatus(bench.tenantId, board.deviceId, 'active', 'test');
      assert.equal((await bench.attest(board)).status, 200);
      await devices.setStatus(bench.tenantId, board.deviceId, 'revoked', 'test');
      assert.equal((await bench.attest(board)).body.code, 'device-revoked');
      await assert.rejects(devices.setStatus(bench.tenantId, board.deviceId, 'active', 'test'), { code: 'conflict' });
    });

    test('sphere 82: when the record cannot be written, no leaf is returned', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      await bench.database.schema.alterTable('sphere_audit').renameTo('sphere_audit_away').execute();
      const answer = await bench.attest(board);
      assert.deepEqual([answer.status, answer.body.code, answer.body.certificate], [503, 'unavailable', undefined]);
      await bench.database.schema.alterTable('sphere_audit_away').renameTo('sphere_audit').execute();
      assert.equal((await bench.sphere.devices.load(board.deviceId))?.bootCount, undefined);
      assert.equal((await bench.attest(board)).status, 200);
    });

    test('the chain is served to anybody who names the tenant', async (t) => {
      const bench = await openSphereBench(kind, t);
      const answer = await bench.send<Buffer>('GET', attestationPaths.cacerts(bench.tenantId));
      assert.equal(answer.headers.get('content-type'), 'application/pkcs7-mime; smime-type=certs-only');
      assert.equal(parsePkcs7Chain(answer.body as unknown as Buffer).length, 3);
      const missing = await bench.send('GET', attestationPaths.cacerts('00000000-0000-4000-8000-000000000000'));
      assert.deepEqual([missing.status, missing.body.code], [404, 'not-found']);
    });

    test('the configuration names profile, format, origin and limits', async (t) => {
      const bench = await openSphereBench(kind, t);
      const { body } = await bench.send<{ origin: string; evidenceFormats: string[] }>('GET', attestationPaths.configuration);
      assert.equal(body.origin, bench.origin);
      assert.deepEqual(body.evidenceFormats, [evidenceFormat]);
    });

    test('the configuration repeats the name by which it was asked, if that is one of ours', async (t) => {
      const bench = await openSphereBench(kind, t);
      assert.equal(await bench.configuredOrigin('ALIAS.test:8444'), 'https://alias.test:8444');
      assert.equal(await bench.configuredOrigin('evil.test'), bench.origin);
    });

    test('malformed requests are refused as malformed, whatever is wrong with them', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const nonce = await bench.nonceFor(board.deviceId);
      const { csr } = await board.makeCsr();
      const evidence = await board.certificateEvidence({ nonce, tenantId: bench.tenantId, csr });
      const good = { deviceId: board.deviceId, tenantId: bench.tenantId, evidence, csr: csr.toString('base64') };
      const [header, , signature] = evidence.split('.');
      const payload = (text: string) => ({
        ...good,
        evidence: `${header}.${Buffer.from(text).toString('base64url')}.${signature}`,
      });
      const bad: unknown[] = [
        '{"deviceId":',
        '[]',
        {},
        { ...good, extra: 1 },
        { ...good, deviceId: board.deviceId.slice(1) },
        { ...good, tenantId: 'x' },
        { ...good, evidence: 'abc' },
        { ...good, csr: '!!' },
        { ...good, csr: Buffer.alloc(5000).toString('base64') },
        { ...good, evidence: `${header}.${'A'.repeat(70_000)}.${signature}` },
        'x'.repeat(1024 * 1024),
        payload('not json'),
        payload('{}'),
        payload('['.repeat(500)),
        payload(
          JSON.stringify({ ...JSON.parse(Buffer.from(evidence.split('.')[1] ?? '', 'base64url').toString()), surprise: true }),
        ),
      ];
      for (const body of bad) {
        const answer = await bench.device(attestationPaths.certificates, body);
        assert.deepEqual([answer.status, answer.body.code], [400, 'malformed'], String(JSON.stringify(body)).slice(0, 100));
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
      }
      const untyped = await bench.send('POST', attestationPaths.certificates, good, { 'content-type': 'text/plain' });
      assert.deepEqual([untyped.status, untyped.body.code], [400, 'malformed']);
      assert.equal((await bench.device(attestationPaths.certificates, good)).status, 200);
    });

    test('a component listed twice is malformed', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const [first] = shippedComponents('d1');
      assert.ok(first);
      const answer = await bench.attest(board, { overrides: { measurements: encodeMeasurements([first, first]) } });
      await assertRefused(bench, board, answer, { status: 400, code: 'malformed' });
    });

    test('sphere 1: a nonce for 128 hex digits that are no point on P-256 is refused with 400', async (t) => {
      const bench = await openSphereBench(kind, t);
      const ask = (deviceId: string) =>
        bench.device(attestationPaths.nonces, { deviceId, tenantId: bench.tenantId, evidenceFormat });
      assert.equal((await ask(bench.newBoard().deviceId)).status, 201);
      assert.equal((await ask('5a'.repeat(64))).status, 400);
    });

    test('too many nonces for one device are answered 429 with Retry-After', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = bench.newBoard();
      const ask = () =>
        bench.device(attestationPaths.nonces, { deviceId: board.deviceId, tenantId: bench.tenantId, evidenceFormat });
      for (let i = 0; i < 10; i++) assert.equal((await ask()).status, 201);
      const answer = await ask();
      assert.deepEqual([answer.status, answer.body.code, answer.headers.get('retry-after')], [429, 'rate-limited', '10']);
      assert.equal(answer.body.retryAfter, 10);
      bench.platform.clock.advance(10 * secondMs);
      assert.equal((await ask()).status, 201);
    });

    test('evidence without end from one address is answered 429, claims and requests counted together', async (t) => {
      const bench = await openSphereBench(kind, t);
      const { deviceId } = bench.newBoard();
      const { tenantId } = bench;
      const bodies = [
        [attestationPaths.certificates, { deviceId, tenantId, evidence: 'e30.e30.', csr: 'AAAA' }],
        [attestationPaths.claims, { deviceId, tenantId, evidence: 'e30.e30.', claimCode: 'code' }],
      ] as const;
      for (let i = 0; i < 120; i++) {
        const [path, body] = bodies[i % 2 === 0 ? 0 : 1];
        assert.equal((await bench.device(path, body)).status, 400);
      }
      for (const [path, body] of bodies) {
        const answer = await bench.device(path, body);
        assert.deepEqual([answer.status, answer.body.code, answer.headers.get('retry-after')], [429, 'rate-limited', '1']);
      }
      bench.platform.clock.advance(secondMs);
      assert.equal((await bench.device(bodies[0][0], bodies[0][1])).status, 400);
    });

    test('after six certificates at once a device waits an hour for the next', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      for (let i = 0; i < 6; i++) assert.equal((await bench.attest(board)).status, 200);
      const answer = await bench.attest(board);
      assert.deepEqual([answer.status, answer.body.code, answer.headers.get('retry-after')], [429, 'rate-limited', '3600']);
    });

    test('a device that fails too often after proving its key is paused for an hour; a stranger cannot cause that', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const signing = { key: generateEcKey('P-256').privateKey };
      for (let i = 0; i < 12; i++) {
        bench.platform.clock.advance(10 * secondMs);
        assert.equal((await bench.attest(board, { signing })).body.code, 'denied');
      }
      for (let i = 0; i < 11; i++) {
        bench.platform.clock.advance(10 * secondMs);
        assert.equal((await bench.attest(board, { overrides: { dbgstat: 'enabled' } })).body.code, 'debug-enabled');
      }
      assert.equal((await bench.attest(board)).status, 429);
      bench.platform.clock.advance(hourMs);
      assert.equal((await bench.attest(board)).status, 200);
    });
  });
}
