import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayMs, plus } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { makeCa, makeLeaf, makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { RegistrationBusy, RegistrationRefused } from '#wire/azure/dps-registration.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';
import { ServerRefused } from '../reach/reach.ts';
import { connectTrouble, loadDeviceCertificate } from './connect-trouble.ts';

const own = { path: '/c.pem', endsAt: plus(testNow, -dayMs), isSelfSigned: true };
const good = { ...own, endsAt: plus(testNow, dayMs) };

const rows: readonly [what: string, error: unknown, certificate: typeof own | undefined, needsPerson: boolean, says: RegExp][] = [
  ['a hub that is away', new Error('connect ECONNREFUSED'), own, false, /^connect ECONNREFUSED$/],
  ['a hub that is overloaded', new ConnectRefused(3), good, false, /code 3/],
  ['a provisioning service that is', new RegistrationBusy(429, 60), good, false, /429.*60 s/],
  [
    'a hub that does not know the device',
    new ConnectRefused(5),
    good,
    true,
    /The hub refuses d1 \(code 5\): it has no such device/,
  ],
  [
    'the same with a key',
    new ConnectRefused(5),
    undefined,
    true,
    /no such device, or disabled it, or knows another certificate or key/,
  ],
  [
    'a certificate that ended',
    new ConnectRefused(5),
    own,
    true,
    /d1, whose certificate ended at 2026-05-31T.*'tedge cert renew'.*'tedge reconnect az'/,
  ],
  [
    'one of a CA',
    new ConnectRefused(5),
    { ...own, isSelfSigned: false },
    true,
    /'tedge cert create-csr' and put the certificate at \/c\.pem/,
  ],
  [
    'a refused registration',
    new RegistrationRefused(401, 401002, 'Unauthorized'),
    good,
    true,
    /provisioning service refuses d1: Unauthorized/,
  ],
  ['the same after its certificate', new RegistrationRefused(401, 401002, 'Unauthorized'), own, true, /ended at/],
  ['a server of a stranger', new ServerRefused('h', '/roots', 'No.'), good, true, /^No\. What is trusted for h lies in \/roots/],
  ['a file that is not there', new Problem('not-found', 'There is no /k.'), undefined, true, /^There is no \/k\.$/],
];
for (const [what, error, certificate, needsPerson, says] of rows) {
  test(`${what}: ${needsPerson ? 'somebody has to do something' : 'it goes away by waiting'}`, () => {
    const trouble = connectTrouble(error, { deviceId: 'd1', certificate, now: testNow });
    assert.equal(trouble.needsPerson, needsPerson);
    assert.match(trouble.text, says);
  });
}

test('of a certificate is read when it ends and who signed it; what cannot be read is none', async (t) => {
  const directory = temporaryDirectory(t);
  const certificatePath = join(directory, 'c.pem');
  const place = { kind: 'certificate' as const, certificatePath, keyPath: join(directory, 'k.pem') };
  assert.equal(await loadDeviceCertificate(place), undefined);
  writeFileSync(certificatePath, 'no certificate');
  assert.equal(await loadDeviceCertificate(place), undefined);
  const self = makeSelfSigned('d1', { notAfter: plus(testNow, dayMs) });
  writeFileSync(certificatePath, self.pem);
  assert.deepEqual(await loadDeviceCertificate(place), {
    path: certificatePath,
    endsAt: plus(testNow, dayMs),
    isSelfSigned: true,
  });
  const leaf = makeLeaf({ issuer: makeCa() });
  writeFileSync(certificatePath, leaf.pem);
  assert.equal((await loadDeviceCertificate(place))?.isSelfSigned, false);
  assert.equal(await loadDeviceCertificate({ kind: 'key', path: certificatePath }), undefined);
});
