import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deviceIdOf, generateEcKey } from '#pki/key.ts';
import { type RunningHomeport, startHomeport } from '#test/support/start-homeport.ts';

type Listed = { index: number; thumbprint: string; status: string };

describe('commands of the security service, typed wrong', () => {
  let home: RunningHomeport;
  before(async () => {
    home = await startHomeport();
    await home.ok('azsphere', ['login']);
  });
  after(() => home.close());

  const sphere = (...words: string[]) => home.run('homeport', ['sphere', ...words]);
  const listed = async (): Promise<Listed[]> =>
    JSON.parse(await home.ok('azsphere', ['ca-certificate', 'list', '--output', 'json']));
  const activeCa = async (): Promise<string> => (await listed()).find(({ status }) => status === 'Active')?.thumbprint ?? '';

  test('an id that is none is told as such, and a device that nobody has is not found', async () => {
    for (const deed of ['suspend', 'resume'] as const) {
      const malformed = await sphere('device', deed, 'board-1');
      assert.equal(malformed.code, 1);
      assert.match(malformed.stderr, /128 hex digits/);
      const unknown = await sphere('device', deed, deviceIdOf(generateEcKey('P-256').publicKey));
      assert.deepEqual([unknown.code, unknown.stdout], [5, ''], unknown.stderr);
      assert.equal((await sphere('device', deed)).code, 2, 'without an id');
    }
    const elsewhere = await sphere('device', 'suspend', 'ab'.repeat(64), '--tenant', '00000000-0000-4000-8000-000000000000');
    assert.notEqual(elsewhere.code, 0);
    assert.equal((await sphere('device', 'suspend', 'ab'.repeat(64), '--tenant', 'mine')).code, 1);
  });

  test('what cannot be undone is not done when nobody is there to confirm it, and the way out is named', async () => {
    const device = await sphere('device', 'revoke', 'ab'.repeat(64));
    assert.equal(device.code, 1);
    assert.match(device.stderr, /homeport sphere device revoke (ab){64} --yes/);
    const thumbprint = await activeCa();
    const ca = await sphere('ca-certificate', 'revoke', '--thumbprint', thumbprint);
    assert.equal(ca.code, 1);
    assert.ok(ca.stderr.includes(`homeport sphere ca-certificate revoke --thumbprint ${thumbprint} --yes`));
    assert.equal(await activeCa(), thumbprint);
  });

  test('a CA certificate that nobody has is not found, and one that is active already stays so', async () => {
    const unknown = ['--thumbprint', 'AB'.repeat(20)];
    assert.equal((await sphere('ca-certificate', 'activate', ...unknown)).code, 5);
    assert.equal((await sphere('ca-certificate', 'revoke', ...unknown, '--yes')).code, 5);
    assert.equal((await sphere('ca-certificate', 'activate')).code, 2);
    const before = await listed();
    const active = await activeCa();
    const again = await sphere('ca-certificate', 'activate', '--thumbprint', active, '--json');
    assert.equal(JSON.parse(again.stdout).thumbprint, active);
    assert.deepEqual(await listed(), before);
  });

  test('a revoked CA cannot take over any more', async () => {
    const thumbprint = await activeCa();
    await home.ok('homeport', ['sphere', 'ca-certificate', 'revoke', '--thumbprint', thumbprint, '--yes']);
    const back = await sphere('ca-certificate', 'activate', '--thumbprint', thumbprint, '--force');
    assert.equal(back.code, 6, back.stderr);
  });
});
