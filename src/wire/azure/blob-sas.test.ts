import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlobSASPermissions, generateBlobSASQueryParameters, SASProtocol, StorageSharedKeyCredential } from '@azure/storage-blob';
import { dateOf, instant } from '#base/instant.ts';
import { formatBlobSas, parseBlobSas } from './blob-sas.ts';

const key = { account: 'homeport', key: Buffer.alloc(64, 5) };
const address = { container: 'uploads', name: 'dev1/a b/ü+%25.txt' };
const expiresAt = instant(Date.UTC(2030, 0, 2, 3, 4, 5, 678));

/** Goal: a real storage account takes what we sign. Method: the published library signs the same; every byte must be equal. */
test('a signature is byte for byte what @azure/storage-blob makes', () => {
  const credential = new StorageSharedKeyCredential(key.account, key.key.toString('base64'));
  for (const permissions of ['r', 'w', 'rw', 'd']) {
    for (const name of ['f', 'dev1/f.txt', address.name, 'x'.repeat(1024), 'dev1/漢字 🦀']) {
      const theirs = generateBlobSASQueryParameters(
        {
          containerName: 'uploads',
          blobName: name,
          permissions: BlobSASPermissions.parse(permissions),
          expiresOn: dateOf(expiresAt),
          protocol: SASProtocol.Https,
        },
        credential,
      );
      assert.equal(formatBlobSas(key, { container: 'uploads', name }, { permissions, expiresAt }), `?${theirs}`);
    }
  }
});

test('what was signed is read back, in whole seconds', () => {
  const sas = parseBlobSas(new URLSearchParams(formatBlobSas(key, address, { permissions: 'rw', expiresAt })));
  assert.equal(sas?.permissions, 'rw');
  assert.equal(sas?.expiry, '2030-01-02T03:04:05Z');
  assert.equal(sas?.signature.length, 32);
});

const good = formatBlobSas(key, address, { permissions: 'r', expiresAt });
const bad: [what: string, query: string][] = [
  ['nothing', ''],
  ['a field twice', `${good}&sp=rw`],
  ['a start that we would not look at', `${good}&st=2020-01-01T00%3A00%3A00Z`],
  ['addresses that we would not look at', `${good}&sip=127.0.0.1`],
  ['headers of the answer', `${good}&rscd=inline`],
  ['another version', good.replace('2020-10-02', '2019-12-12')],
  ['plain HTTP', good.replace('spr=https', 'spr=https%2Chttp')],
  ['a whole container', good.replace('sr=b', 'sr=c')],
  ['permissions that there are not', good.replace('sp=r', 'sp=rwdx')],
  ['an expiry with a fraction', good.replace('05Z', '05.000Z')],
  ['an expiry that is none', good.replace('2030-01', '2030-13')],
  ['a signature that is too short', good.replace(/sig=[^&]+/, 'sig=AAAA')],
  ['a signature that is no base64', good.replace(/sig=[^&]+/, 'sig=%00')],
];
for (const [what, query] of bad) {
  test(`${what} is no signature of ours`, () => assert.equal(parseBlobSas(new URLSearchParams(query)), undefined));
}
