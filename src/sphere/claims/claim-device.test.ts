import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { minuteMs } from '#base/instant.ts';
import { generateEcKey } from '#pki/key.ts';
import { attestationPaths } from '#sphere/contract/attestation.ts';
import { cloudPaths } from '#sphere/contract/cloud.ts';
import { bindingOf } from '#sphere/contract/evidence.ts';
import { testDatabases } from '#test/support/databases.ts';
import { openSphereBench, type SphereBench } from '#test/support/sphere-bench.ts';
import type { TestBoard } from '#test/support/sphere-board.ts';
import { claimCodeLifeMs } from './claim-codes.ts';

async function assertUnclaimed(bench: SphereBench, board: TestBoard) {
  assert.equal(await bench.sphere.devices.load(board.deviceId), undefined);
  assert.deepEqual(await bench.sphere.audit.list({ type: 'claim' }), []);
}

for (const kind of testDatabases()) {
  describe(`claim by possession on ${kind.name}`, () => {
    test('sphere 4: the first claim is listed; a second one by the same tenant succeeds and changes nothing', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = bench.newBoard();
      const first = await bench.claim(board);
      assert.deepEqual([first.status, first.body.changed, first.body.claimEpoch], [200, true, 1]);
      const claimed = await bench.sphere.devices.load(board.deviceId);
      const listed = await bench.cloud<{ Items: { DeviceId: string }[] }>(cloudPaths.devices(bench.tenantId));
      assert.deepEqual(
        listed.body.Items.map((item) => item.DeviceId),
        [board.deviceId],
      );
      bench.platform.clock.advance(minuteMs);
      const second = await bench.claim(board);
      assert.deepEqual([second.status, second.body.changed, second.body.claimEpoch], [200, false, 1]);
      assert.deepEqual(await bench.sphere.devices.load(board.deviceId), claimed);
      assert.equal((await bench.sphere.audit.list({ type: 'claim' })).length, 1);
    });

    test('sphere 5: a claim by a second tenant gets 409 and does not name the owner', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const board = await bench.claimedBoard();
      const claimCode = await bench.claimCode(other.tenantId);
      const answer = await bench.claim(board, { tenantId: other.tenantId, claimCode });
      assert.deepEqual([answer.status, answer.body.code], [409, 'claimed-elsewhere']);
      assert.ok(!answer.text.includes(bench.tenantId));
      assert.doesNotMatch(answer.body.detail ?? '', /Homeport/);
      assert.equal(bench.lastReason(board), 'claimed-elsewhere');
      assert.equal((await bench.sphere.devices.load(board.deviceId))?.tenantId, bench.tenantId);
      // The refusal left the code unspent: it still claims another device.
      assert.equal((await bench.claim(bench.newBoard(), { tenantId: other.tenantId, claimCode })).status, 200);
    });

    test('sphere 6: of two simultaneous claims by different tenants exactly one wins', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      for (let round = 0; round < 5; round++) {
        const board = bench.newBoard();
        const attempts = [];
        for (const tenantId of [bench.tenantId, other.tenantId]) {
          const claimCode = await bench.claimCode(tenantId);
          const nonce = await bench.nonceFor(board.deviceId, tenantId);
          const evidence = await board.claimEvidence({ nonce, tenantId, claimCode });
          attempts.push({ deviceId: board.deviceId, tenantId, claimCode, evidence });
        }
        const answers = await Promise.all(attempts.map((attempt) => bench.device(attestationPaths.claims, attempt)));
        assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 409]);
        const winner = attempts[answers.findIndex((answer) => answer.status === 200)];
        assert.equal((await bench.sphere.devices.load(board.deviceId))?.tenantId, winner?.tenantId);
      }
    });

    test('sphere 7: a claim signed by another key is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = bench.newBoard();
      const [claimCode, nonce] = [await bench.claimCode(), await bench.nonceFor(board.deviceId)];
      const evidence = await board.claimEvidence(
        { nonce, tenantId: bench.tenantId, claimCode },
        {},
        {
          key: generateEcKey('P-256').privateKey,
        },
      );
      const answer = await bench.claim(board, { claimCode, evidence });
      assert.deepEqual([answer.status, answer.body.code], [403, 'denied']);
      assert.equal(bench.lastReason(board), 'evidence-signature');
      await assertUnclaimed(bench, board);
      assert.equal((await bench.claim(board, { claimCode })).status, 200);
    });

    test('sphere 8: a claim code that another device used is refused; the same device may repeat itself', async (t) => {
      const bench = await openSphereBench(kind, t);
      const [board, second] = [bench.newBoard(), bench.newBoard()];
      const claimCode = await bench.claimCode();
      assert.equal((await bench.claim(board, { claimCode })).status, 200);
      assert.equal((await bench.claim(board, { claimCode })).body.changed, false);
      const answer = await bench.claim(second, { claimCode });
      assert.deepEqual([answer.status, answer.body.code], [403, 'claim-code-invalid']);
      assert.equal(await bench.sphere.devices.load(second.deviceId), undefined);
    });

    test('of two devices that use one code at once, one is claimed', async (t) => {
      const bench = await openSphereBench(kind, t);
      const claimCode = await bench.claimCode();
      const answers = await Promise.all([bench.newBoard(), bench.newBoard()].map((board) => bench.claim(board, { claimCode })));
      assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 403]);
    });

    test('an expired, an unknown or another tenant’s claim code is refused', async (t) => {
      const bench = await openSphereBench(kind, t);
      const other = await bench.sphere.tenants.create('Other');
      const board = bench.newBoard();
      const expired = await bench.claimCode();
      bench.platform.clock.advance(claimCodeLifeMs);
      for (const claimCode of [expired, 'guess', await bench.claimCode(other.tenantId)]) {
        const answer = await bench.claim(board, { claimCode });
        assert.deepEqual([answer.status, answer.body.code], [403, 'claim-code-invalid']);
      }
      await assertUnclaimed(bench, board);
    });

    test('evidence that was signed for another claim code, or for a certificate, claims nothing', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = bench.newBoard();
      const { tenantId } = bench;
      const [claimCode, anotherCode] = [await bench.claimCode(), await bench.claimCode()];
      const evidence = await board.claimEvidence({
        nonce: await bench.nonceFor(board.deviceId),
        tenantId,
        claimCode: anotherCode,
      });
      const swapped = await bench.claim(board, { claimCode, evidence });
      assert.deepEqual([swapped.status, swapped.body.code], [403, 'evidence-mismatch']);
      const { csr } = await board.makeCsr();
      const forCertificate = await board.certificateEvidence({ nonce: await bench.nonceFor(board.deviceId), tenantId, csr });
      assert.equal((await bench.claim(board, { claimCode, evidence: forCertificate })).body.code, 'malformed');
      await assertUnclaimed(bench, board);
    });

    test('evidence of a claim yields no certificate', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = await bench.claimedBoard();
      const nonce = await bench.nonceFor(board.deviceId);
      const evidence = await board.claimEvidence({ nonce, tenantId: bench.tenantId, claimCode: 'x' }, { 'hp-epoch': 1 });
      assert.equal((await bench.attest(board, { nonce, evidence })).body.code, 'malformed');
      const both = await board.claimEvidence({ nonce, tenantId: bench.tenantId, claimCode: 'x' }, { 'hp-csr': bindingOf('x') });
      assert.equal((await bench.attest(board, { nonce, evidence: both })).body.code, 'malformed');
    });

    test('a nonce is good for one claim', async (t) => {
      const bench = await openSphereBench(kind, t);
      const board = bench.newBoard();
      const [claimCode, nonce] = [await bench.claimCode(), await bench.nonceFor(board.deviceId)];
      const evidence = await board.claimEvidence({ nonce, tenantId: bench.tenantId, claimCode });
      assert.equal((await bench.claim(board, { claimCode, evidence })).status, 200);
      assert.equal((await bench.claim(board, { claimCode, evidence })).body.code, 'denied');
      assert.equal(bench.lastReason(board), 'nonce-replayed');
    });

    test('claim codes are kept as hashes', async (t) => {
      const bench = await openSphereBench(kind, t);
      const claimCode = await bench.claimCode();
      const rows = await bench.database.selectFrom('sphere_claim_code').selectAll().execute();
      assert.equal(rows.length, 1);
      assert.ok(!JSON.stringify(rows).includes(claimCode));
    });
  });
}
