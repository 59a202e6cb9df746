import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { DeviceRow } from '#central/contract/ui-devices.ts';
import { trustTenant } from '#test/support/central-client.ts';
import { type CompatBench, type Identity, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { type Browser, openBrowser, signIn } from '#test/support/open-browser.ts';
import { openProvisioningService } from '#test/support/provisioning-service.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';

/**
 * Goal: an owner's own certificates work in the place of the daily ones, at both doors or at none (sphere.md 5).
 * Method: boards run by the command line, one group on the tenant's CA and one on the factory's; who was refused, and
 * that no other certificate was tried after it, is read from the refusals and from the board's own log.
 */
describe('a board with a certificate of its owner', () => {
  let bench: CompatBench;
  let browser: Browser;
  const boards: SimulateProcess[] = [];
  before(async () => {
    bench = await openCompatBench();
    await trustTenant(bench.home, bench.central);
    browser = await openBrowser();
  });
  after(async () => {
    await Promise.all(boards.map((board) => board.end('SIGKILL')));
    await browser?.close();
    await bench?.close();
  });

  function startBoard(name: string, identity: Identity, ...words: string[]): SimulateProcess {
    const [certificate, key] = [join(bench.home.folder, `${name}.pem`), join(bench.home.folder, `${name}.key`)];
    writeFileSync(certificate, identity.cert);
    writeFileSync(key, identity.key, { mode: 0o600 });
    const own = ['--custom-cert', certificate, '--custom-key', key];
    const board = new SimulateProcess(bench.home, ['--app', 'd4', '--fast', '20', '--name', name, ...own, ...words]);
    boards.push(board);
    return board;
  }

  async function claim(board: SimulateProcess): Promise<string> {
    const deviceId = await board.deviceId();
    await bench.home.ok('azsphere', ['device', 'claim', '--yes', '--device', deviceId]);
    return deviceId;
  }

  const hubRefusal = (deviceId: string) =>
    eventually(async () => (await bench.refusals(deviceId)).find(({ service, times }) => service === 'hub' && times > 1), 30_000);

  const rowOf = async (deviceId: string): Promise<DeviceRow | undefined> => {
    const { value } = (await bench.central.ok('GET', '/api/ui/devices')) as unknown as { value: DeviceRow[] };
    return value.find(({ id }) => id === deviceId);
  };

  test('sphere 101: at both hooks a certificate below a verified CA registers, connects and sends', async () => {
    const board = startBoard('both', bench.leafOf('gate-1'));
    await board.says(/Connected to hub/);
    await eventually(async () => (await bench.raw('gate-1')).find(({ source }) => source === 'Telemetry'));
    assert.deepEqual(await bench.refusals('gate-1'), []);
    assert.equal((await rowOf('gate-1'))?.enrollmentGroupId, 'factory');
  });

  test('sphere 102: at the DPS hook alone it registers, and the hub refuses the daily certificate each time', async () => {
    const board = startBoard('dps-only', bench.leafOf('gate-2'), '--override', 'dps');
    const deviceId = await claim(board);
    const refusal = await hubRefusal('gate-2');
    assert.equal(refusal.reason, 'thumbprint-mismatch');
    await board.says(/DPS assigned hub/);
    assert.doesNotMatch(board.log, /Connected to hub/);
    assert.equal((await bench.hubDevices()).includes(deviceId), false, 'it did not register under its own id');
  });

  test('sphere 102: at the hub hook alone it registers with the daily certificate, and the hub refuses the custom one', async () => {
    const board = startBoard('hub-only', bench.leafOf('gate-3'), '--override', 'hub');
    const deviceId = await claim(board);
    const refusal = await hubRefusal(deviceId);
    assert.equal(refusal.reason, 'thumbprint-mismatch');
    assert.doesNotMatch(board.log, /Connected to hub/);
    assert.equal((await bench.hubDevices()).includes('gate-3'), false);
  });

  test('sphere 103: an individual enrollment takes its leaf, and no other leaf of the same CA', async () => {
    const { client } = await openProvisioningService(bench.home);
    const own = bench.leafOf('gate-4');
    const x509 = { clientCertificates: { primary: { certificate: own.leaf.pem } } };
    const enrollment = { registrationId: 'gate-4', attestation: { type: 'x509', x509 } };
    await client.createOrUpdateIndividualEnrollment(enrollment as never);
    const other = startBoard('other-leaf', bench.leafOf('gate-4'));
    await other.says(/DPS refused the registration \(401002\)/);
    assert.equal((await bench.refusal('gate-4')).reason, 'thumbprint-mismatch');
    assert.equal(await other.end(), 0);
    const board = startBoard('exact-leaf', own);
    await board.says(/Connected to hub/);
  });

  test('sphere 104: Central labels such a device as not attested, and one with a daily certificate as attested', async () => {
    const custom = startBoard('labelled', bench.leafOf('gate-5'));
    await custom.says(/Connected to hub/);
    const daily = new SimulateProcess(bench.home, ['--app', 'd4', '--name', 'daily']);
    boards.push(daily);
    const dailyId = await claim(daily);
    await daily.says(/Connected to hub/);
    const { page } = await browser.open();
    await signIn(bench.home, page);
    for (const [deviceId, words] of [
      ['gate-5', 'custom certificate — not attested'],
      [dailyId, 'attested, software key'],
    ] as const) {
      assert.equal((await rowOf(deviceId))?.assurance, words);
      await page.goto(new URL(`/devices/${deviceId}`, bench.home.status.central.url).href);
      const fact = page.locator('dl > div', { has: page.getByText('Attestation', { exact: true }) });
      await fact.getByText(words, { exact: true }).waitFor();
    }
  });
});
