import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCentralClient, trustTenant } from '#test/support/central-client.ts';
import type { KeptRefusal } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

describe('a simulated board that is not honest gets no certificate from a running server', () => {
  let home: RunningHomeport;
  let central: Awaited<ReturnType<typeof openCentralClient>>;
  const boards: ChildProcess[] = [];
  before(async () => {
    home = await startHomeport();
    central = await openCentralClient(home);
    await trustTenant(home, central);
  });
  after(async () => {
    for (const board of boards) {
      const ended = new Promise((resolve) => board.once('exit', resolve));
      if (board.exitCode === null && board.kill('SIGKILL')) await ended;
    }
    await home?.close();
  });

  /** `homeport simulate` as a person runs it, claimed as soon as it is attached. */
  async function claimedBoard(name: string, words: readonly string[]): Promise<{ deviceId: string; log(): string }> {
    const bin = join(import.meta.dirname, '../../bin/homeport');
    const board = spawn(process.execPath, [bin, 'simulate', '--app', 'd1', '--name', name, ...words], {
      env: { PATH: process.env.PATH, HOMEPORT_DATA: home.data },
    });
    boards.push(board);
    let log = '';
    for (const stream of [board.stdout, board.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        log += chunk.toString();
      });
    }
    const deviceId = await eventually(() => /^INFO: Device ID: ([0-9a-f]{128})$/m.exec(log)?.[1]);
    await home.ok('azsphere', ['device', 'claim', '--yes', '--device', deviceId]);
    return { deviceId, log: () => log };
  }

  const refusalOf = (deviceId: string, reason: string) =>
    eventually(async () => {
      const rows: KeptRefusal[] = JSON.parse(await home.ok('homeport', ['refusals', '--json', '--subject', deviceId]));
      return rows.find((row) => row.reason === reason);
    }, 30_000);

  async function assertNotEnrolled(deviceId: string): Promise<void> {
    const { value } = await central.ok('GET', '/api/devices');
    assert.equal(
      (value as { id: string }[]).some(({ id }) => id === deviceId),
      false,
    );
    const devices = JSON.parse(await home.ok('homeport', ['hub', 'device', 'list', '--json'])) as { deviceId: string }[];
    assert.equal(
      devices.some((device) => device.deviceId === deviceId),
      false,
    );
  }

  test('sphere 67: one changed measurement is refused as measurement-unknown, and the device is enrolled nowhere', async () => {
    const { deviceId } = await claimedBoard('tampered', ['--tamper', 'kernel']);
    const { service, trace } = await refusalOf(deviceId, 'measurement-unknown');
    assert.equal(service, 'sphere');
    assert.equal(trace.at(-1)?.passed, false);
    await assertNotEnrolled(deviceId);
  });

  test('sphere 61: a nonce that was used is refused as replayed, and the device is enrolled nowhere', async () => {
    const { deviceId } = await claimedBoard('replaying', ['--reuse-nonce']);
    const { service } = await refusalOf(deviceId, 'nonce-replayed');
    assert.equal(service, 'sphere');
    await assertNotEnrolled(deviceId);
  });
});
