import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RawRow } from '#central/contract/ui-data.ts';
import { openCentralClient } from '#test/support/central-client.ts';
import { type CompatBench, openCompatBench } from '#test/support/compat-bench.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';
import { startHomeport } from '#test/support/start-homeport.ts';
import { typed } from '#test/support/typed.ts';

test('every command of the guide runs as it stands, in order, in one directory', async (t) => {
  const home = await startHomeport();
  t.after(() => home.close());
  const central = await openCentralClient(home);
  const group = '/api/enrollmentGroups/azure-sphere';
  const certificate = `${group}/certificates/primary`;
  const base64Of = (name: string) => readFileSync(join(home.folder, name)).toString('base64');
  const lines = blocksOf('sh').flatMap((block) => block.trim().split('\n'));
  let deviceId = '';

  /** What the guide has done in the browser around a command; the walks show that. */
  const around: Record<string, () => Promise<unknown>> = {
    'azsphere ca-certificate download --destination CAcertificate.cer': async () => {
      await central.ok('PUT', group, { displayName: 'Azure Sphere', type: 'iot', attestation: { type: 'x509' } });
      await central.ok('PUT', certificate, { certificate: base64Of('CAcertificate.cer') });
    },
    'azsphere ca-certificate download-proof --destination ValidationCertification.cer --verification-code CODE': () =>
      central.ok('POST', `${certificate}/verify`, { certificate: base64Of('ValidationCertification.cer') }),
    'azsphere device claim --yes': () =>
      eventually(async () => {
        const { status, body } = await central.call('GET', `/api/devices/${deviceId}`);
        return (status === 200 && body.provisioned === true) || undefined;
      }),
  };

  for (const line of lines) {
    if (line === 'homeport start') continue;
    if (line.startsWith('homeport simulate ')) {
      const board = new SimulateProcess(home, line.split(' ').slice(2));
      t.after(() => board.end('SIGKILL'));
      deviceId = await board.deviceId();
      continue;
    }
    const code = line.endsWith(' CODE')
      ? String((await central.ok('POST', `${certificate}/generateVerificationCode`)).verificationCode)
      : '';
    await typed(home, line.replace('CODE', code));
    await around[line]?.();
  }
  assert.ok(lines.length >= 9, 'the guide has its commands');
  assert.deepEqual(
    Object.keys(around).filter((line) => !lines.includes(line)),
    [],
  );
});

describe('the guide’s own program', () => {
  let bench: CompatBench;
  before(async () => {
    bench = await openCompatBench();
  });
  after(() => bench?.close());

  test('it registers and its message arrives', async () => {
    const { home } = bench;
    const { cert, key } = bench.leafOf('own-1');
    const [program = ''] = blocksOf('js');
    const file = (name: string, text: string) => writeFileSync(join(home.folder, name), text);
    file('device.mjs', program);
    file('device.pem', cert);
    file('device.key', key);
    symlinkSync(join(import.meta.dirname, '../../node_modules'), join(home.folder, 'node_modules'));
    const { hostName, idScope } = home.status.dps;
    const child = spawn(process.execPath, ['device.mjs'], {
      cwd: home.folder,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        PATH: process.env.PATH,
        NODE_EXTRA_CA_CERTS: home.status.ca,
        NODE_NO_WARNINGS: '1',
        DPS_HOST: hostName,
        ID_SCOPE: idScope,
        DEVICE_ID: 'own-1',
      },
    });
    assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0);
    const arrived: RawRow = await bench.arrival('own-1', '{"temperature":20.5}');
    assert.equal(arrived.messageType, 'Telemetry');
  });
});
