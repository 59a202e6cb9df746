import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { JsonObject } from '#base/json.ts';
import { openCentralClient, trustTenant } from '#test/support/central-client.ts';
import { eventually } from '#test/support/eventually.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { startHomeport } from '#test/support/start-homeport.ts';

/** What the reference gives a session that must end, less what the machine of a test may be late. */
const endsWithinMs = 5_000;

type Cleanup = { after(run: () => Promise<void>): void };

/** A server that trusts its tenant's CA, and boards beside it. */
async function openTenant(t: Cleanup) {
  const home = await startHomeport();
  const boards: SimulateProcess[] = [];
  t.after(async () => {
    await Promise.all(boards.map((board) => board.end('SIGKILL')));
    await home.close();
  });
  const central = await openCentralClient(home);
  await trustTenant(home, central);

  async function startBoard(name: string): Promise<{ board: SimulateProcess; deviceId: string }> {
    const board = new SimulateProcess(home, ['--app', 'd4', '--fast', '5', '--name', name]);
    boards.push(board);
    return { board, deviceId: await board.deviceId() };
  }

  return {
    home,
    central,
    startBoard,
    async startClaimedBoard(name: string) {
      const started = await startBoard(name);
      await home.ok('azsphere', ['device', 'claim', '--yes', '--device', started.deviceId]);
      await started.board.says(/Connected to hub/);
      return started;
    },
    async isConnected(deviceId: string): Promise<boolean> {
      const { connection } = await central.ok('GET', `/api/ui/devices/${deviceId}`);
      return (connection as JsonObject).isConnected === true;
    },
    /** Why the provisioning service or the hub refused the device. */
    async reasonsOf(deviceId: string): Promise<string[]> {
      const refusals = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', deviceId])) as JsonObject[];
      return refusals.filter(({ service }) => service !== 'sphere').map(({ reason }) => String(reason));
    },
  };
}

async function ends(board: SimulateProcess, does: () => Promise<unknown>): Promise<void> {
  const ended = board.says(/The connection to the hub ended/);
  await does();
  const began = performance.now();
  await ended;
  const tookMs = performance.now() - began;
  assert.ok(tookMs < endsWithinMs, `the session went on for ${tookMs} ms`);
}

describe('trust that is taken away', () => {
  test('sphere 54: a suspended device loses its session and gets no certificate; resumed, it comes back', async (t) => {
    const { home, startBoard, startClaimedBoard, isConnected, reasonsOf } = await openTenant(t);
    const { board, deviceId } = await startClaimedBoard('hall');
    const { deviceId: otherId } = await startClaimedBoard('yard');
    await ends(board, () => home.ok('homeport', ['sphere', 'device', 'suspend', deviceId]));
    await eventually(async () => ((await reasonsOf(deviceId)).includes('certificate-revoked') ? true : undefined));
    assert.equal(await board.end(), 0);
    const { board: again } = await startBoard('hall');
    await again.says(/No daily certificate \(device-suspended\)/);
    assert.equal(await isConnected(deviceId), false);
    assert.equal(await isConnected(otherId), true, 'the device beside it is left alone');
    assert.match(await home.ok('azsphere', ['device', 'list']), new RegExp(`${deviceId}.*suspended`));
    await home.ok('homeport', ['sphere', 'device', 'resume', deviceId]);
    await again.end();
    const { board: back } = await startBoard('hall');
    await back.says(/Connected to hub/);
  });

  test('sphere 77: a revoked device is refused as device-revoked, and the certificate it still has opens nothing', async (t) => {
    const { home, startBoard, startClaimedBoard, reasonsOf } = await openTenant(t);
    const { board, deviceId } = await startClaimedBoard('attic');
    const refused = await home.run('homeport', ['sphere', 'device', 'revoke', deviceId]);
    assert.equal(refused.code, 1, 'nobody confirmed it');
    await ends(board, () => home.ok('homeport', ['sphere', 'device', 'revoke', deviceId, '--yes']));
    await eventually(async () => ((await reasonsOf(deviceId)).includes('certificate-revoked') ? true : undefined));
    assert.equal(await board.end(), 0);
    const { board: again } = await startBoard('attic');
    await again.says(/No daily certificate \(device-revoked\)/);
    const resumed = await home.run('homeport', ['sphere', 'device', 'resume', deviceId]);
    assert.equal(resumed.code, 6, resumed.stderr);
  });

  test('sphere 86: revoking the active CA ends every session below it, also over a restart, and a new CA is active at once', async (t) => {
    const { home, central, startBoard, startClaimedBoard, isConnected, reasonsOf } = await openTenant(t);
    const { board, deviceId } = await startClaimedBoard('gate');
    const listOf = async () =>
      JSON.parse(await home.ok('azsphere', ['ca-certificate', 'list', '--output', 'json'])) as {
        thumbprint: string;
        status: string;
      }[];
    const [old] = await listOf();
    await ends(board, () =>
      home.ok('homeport', ['sphere', 'ca-certificate', 'revoke', '--thumbprint', old?.thumbprint ?? '', '--yes']),
    );
    assert.deepEqual(
      (await listOf()).map(({ status }) => status),
      ['Revoked', 'Active'],
    );
    await eventually(async () => ((await reasonsOf(deviceId)).includes('issuer-revoked') ? true : undefined));
    assert.equal(await isConnected(deviceId), false);
    await home.kill();
    await home.restart();
    assert.equal(await isConnected(deviceId), false);
    // The way back is the way in: the new CA is trusted, and the device attests again.
    await board.end();
    for (const name of ['CAcertificate.cer', 'ValidationCertification.cer']) rmSync(join(home.folder, name));
    await trustTenant(home, central, 'azure-sphere-next');
    const { board: back } = await startBoard('gate');
    await back.says(/Connected to hub/);
  });
});
