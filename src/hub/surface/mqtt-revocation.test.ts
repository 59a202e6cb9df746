import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { makeCa, makeLeaf, type TestCertificate } from '#test/support/certificates.ts';
import { type HubBench, openHubBench, settled, until } from '#test/support/hub-bench.ts';
import { makeRevocationList } from '#test/support/revocation-list.ts';

describe('a revocation list that comes while devices are connected', () => {
  let bench: HubBench;
  let number: number;
  const root = makeCa({ name: 'Root' });
  const line = makeCa({ name: 'Line', issuer: root });
  const leafOf = (deviceId: string) => [makeLeaf({ issuer: line, name: deviceId }), line];

  beforeEach(async () => {
    bench = await openHubBench();
    number = 0;
    for (const [certificateId, authority] of [
      ['root', root],
      ['line', line],
    ] as const) {
      await bench.authorities.upload({ certificateId, file: authority.der, by: 'ann', verifiedOnUpload: true });
    }
    for (const deviceId of ['dev1', 'dev2']) await bench.addDevice(deviceId, { type: 'certificateAuthority' });
  });
  afterEach(() => bench.close());

  const revoke = (issuer: TestCertificate, ...revoked: TestCertificate[]) =>
    bench.revocationLists.add(
      makeRevocationList({ issuer, revoked: revoked.map(({ certificate }) => certificate), number: ++number }),
      { by: 'ann' },
    );
  const connect = (deviceId: string, certificates: readonly TestCertificate[]) => bench.connect({ deviceId, certificates });
  const refusals = async (subject: string) =>
    (await bench.refusals.list({ subject })).map(({ reason, peer, times }) => `${reason} ${peer} ${times}`);

  test('ends the session of whom it names when it is taken, says why, and nobody else notices', async () => {
    const [named, other] = [leafOf('dev1'), leafOf('dev2')];
    const [device, bystander] = [await connect('dev1', named), await connect('dev2', other)];
    assert.equal(device.answer.code, 0);
    await revoke(line, ...named.slice(0, 1));
    assert.equal(device.closed, 'certificate-revoked');
    assert.equal(bystander.closed, undefined);
    assert.equal((await bench.hub.presence.load('dev1'))?.cause, 'certificate-revoked');
    assert.deepEqual(await refusals('dev1'), ['certificate-revoked 192.0.2.7 1']);
    assert.equal((await connect('dev1', named)).answer.code, 5);
    assert.deepEqual(await refusals('dev1'), ['certificate-revoked 192.0.2.7 2']);
    assert.equal((await connect('dev1', leafOf('dev1'))).answer.code, 0);
  });

  test('ends every session below a CA that it names, be it the one that is verified here', async () => {
    const devices = [await connect('dev1', leafOf('dev1')), await connect('dev2', leafOf('dev2'))];
    await revoke(root, line);
    assert.deepEqual(
      devices.map(({ closed }) => closed),
      ['certificate-revoked', 'certificate-revoked'],
    );
    const again = await connect('dev1', leafOf('dev1'));
    assert.equal(again.answer.code, 5);
    assert.match((await refusals('dev1'))[0] ?? '', /^issuer-revoked/);
  });

  test('ends a session by thumbprint, and that of a module', async () => {
    const [own] = leafOf('dev3');
    assert.ok(own);
    const selfSigned = { type: 'selfSigned', primaryThumbprint: own.certificate.sha256Thumbprint } as const;
    await bench.addDevice('dev3', selfSigned);
    const [part] = leafOf('dev3/part');
    assert.ok(part);
    await bench.addModule('dev3', 'part', { type: 'certificateAuthority' });
    const device = await connect('dev3', [own]);
    const module = await bench.connect({ deviceId: 'dev3', moduleId: 'part', certificates: [part, line] });
    assert.deepEqual([device.answer.code, module.answer.code], [0, 0]);
    await revoke(line, part);
    assert.deepEqual([device.closed, module.closed], [undefined, 'certificate-revoked']);
    await revoke(line, part, own);
    assert.equal(device.closed, 'certificate-revoked');
    assert.equal((await connect('dev3', [own])).answer.code, 5);
  });

  test('keeps out a device that signs in while it comes', async () => {
    const named = leafOf('dev1');
    const dialled = bench.dial({ deviceId: 'dev1', certificates: named });
    await revoke(line, ...named.slice(0, 1));
    await until('CONNECT is answered', () => dialled.answer.code !== undefined || dialled.closed !== undefined);
    await settled();
    assert.equal(bench.hub.presence.isConnected('dev1'), false);
    assert.notEqual(dialled.closed, undefined);
  });

  test('a list that is forgotten lets the device in again', async () => {
    const named = leafOf('dev1');
    const { listKey } = await revoke(line, ...named.slice(0, 1));
    assert.equal((await connect('dev1', named)).answer.code, 5);
    await bench.revocationLists.delete(listKey, 'ann');
    assert.equal((await connect('dev1', named)).answer.code, 0);
  });
});
