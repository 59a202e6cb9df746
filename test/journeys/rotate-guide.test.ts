import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openCentralClient, trustTenant } from '#test/support/central-client.ts';
import { startDevelopmentHome } from '#test/support/development-home.ts';
import { eventually } from '#test/support/eventually.ts';
import { blocksOf } from '#test/support/guide.ts';
import { SimulateProcess } from '#test/support/simulate-process.ts';

test('the guide to suspending, revoking and rotating: every command runs as it stands', async (t) => {
  const home = await startDevelopmentHome();
  const board = new SimulateProcess(home, ['--app', 'd4', '--fast', '5']);
  t.after(async () => {
    await board.end('SIGKILL');
    await home.close();
  });
  const lines = blocksOf('sh', 'suspend-revoke-rotate.md').flatMap((block) => block.trim().split('\n'));
  const words: Record<string, string> = {};
  const done = new Set<string>();
  /** Types the line of the guide that begins so, with what stands for the words in capitals. */
  async function type(beginning: string): Promise<string> {
    const line = lines.find((each) => each.startsWith(beginning));
    assert.ok(line, `the guide does not have: ${beginning}`);
    done.add(line);
    const [command = '', ...rest] = line.split(' ').map((word) => words[word] ?? word);
    return home.ok(command, rest);
  }
  const central = await openCentralClient(home);
  await trustTenant(home, central);
  words['DEVICE-ID'] = await board.deviceId();
  await home.ok('azsphere', ['device', 'claim', '--yes']);
  await board.says(/Connected to hub/);

  const ended = board.says(/The connection to the hub ended/);
  await type('homeport sphere device suspend');
  await ended;
  assert.match(await type('azsphere device list'), /suspended/);
  await type('homeport sphere device resume');
  assert.match(await home.ok('azsphere', ['device', 'list']), /active/);
  await type('homeport sphere device revoke');
  await board.says(/DPS refused the registration/);

  await type('homeport clock advance');
  await home.ok('azsphere', ['login']);
  const listed = await eventually(async () => {
    const text = await type('azsphere ca-certificate list');
    return /Inactive/.test(text) ? text : undefined;
  });
  assert.match(listed, /Active[\s\S]*Inactive/);
  await type('azsphere ca-certificate download --index 2');
  const base64Of = (name: string) => readFileSync(join(home.folder, name)).toString('base64');
  const secondary = '/api/enrollmentGroups/azure-sphere/certificates/secondary';
  const json = JSON.parse(await home.ok('azsphere', ['ca-certificate', 'list', '--output', 'json'])) as { thumbprint: string }[];
  const [old, next] = json.map(({ thumbprint }) => thumbprint);
  words.THUMBPRINT = next ?? '';
  const lacking = await home.run('homeport', ['sphere', 'ca-certificate', 'activate', '--thumbprint', words.THUMBPRINT]);
  assert.equal(lacking.code, 6);
  assert.match(lacking.stderr, /enrollment group Azure Sphere/);
  assert.match(await home.ok('homeport', ['sphere', 'ca-certificate', 'list']), /Inactive.*enrollment group Azure Sphere/);
  const { central: account } = await home.server.status({ withSecrets: true });
  home.status.central = account;
  const later = await openCentralClient(home);
  await later.ok('PUT', secondary, { certificate: base64Of('next.cer') });
  words.CODE = String((await later.ok('POST', `${secondary}/generateVerificationCode`)).verificationCode);
  await type('azsphere ca-certificate download-proof --index 2');
  await later.ok('POST', `${secondary}/verify`, { certificate: base64Of('next-proof.cer') });
  assert.doesNotMatch(await type('homeport sphere ca-certificate list'), /Azure Sphere/);
  await type('homeport sphere ca-certificate activate');
  assert.match(await home.ok('azsphere', ['ca-certificate', 'list']), /Inactive[\s\S]*Active/);

  words.THUMBPRINT = next ?? '';
  await type('homeport sphere ca-certificate revoke');
  const after = JSON.parse(await home.ok('azsphere', ['ca-certificate', 'list', '--output', 'json'])) as {
    thumbprint: string;
    status: string;
  }[];
  assert.deepEqual(
    after.map(({ thumbprint, status }) => [thumbprint === old || thumbprint === next, status]),
    [
      [true, 'Inactive'],
      [true, 'Revoked'],
      [false, 'Active'],
    ],
  );
  assert.deepEqual(
    lines.filter((line) => !done.has(line)),
    [],
  );
});
