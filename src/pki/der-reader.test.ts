import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DerReader, decodeOid, derTags, enterDer } from './der-reader.ts';
import { plainOid } from './oids.ts';

test('elements are read in turn, short and long lengths alike, and the end is the end', () => {
  const long = Buffer.concat([Buffer.of(0x04, 0x81, 200), Buffer.alloc(200, 7)]);
  const content = Buffer.concat([Buffer.of(0x02, 1, 5), long]);
  const reader = enterDer(Buffer.concat([Buffer.of(0x30, 0x81, content.length), content]), derTags.sequence);
  assert.deepEqual(reader.read(derTags.integer).content, Buffer.of(5));
  assert.equal(reader.readIf(derTags.boolean), undefined);
  const { whole, content: octets } = reader.read(derTags.octetString);
  assert.deepEqual(whole, long);
  assert.deepEqual(octets, Buffer.alloc(200, 7));
  assert.ok(reader.isAtEnd);
  reader.end();
  assert.throws(() => reader.read(), { code: 'certificate-invalid' });
});

test('another element than the one expected, and one too many, are malformed', () => {
  const bytes = Buffer.of(0x02, 1, 5, 0x05, 0);
  assert.throws(() => new DerReader(bytes).read(derTags.octetString), { code: 'certificate-invalid' });
  const reader = new DerReader(bytes);
  reader.read();
  assert.throws(() => reader.end(), { code: 'certificate-invalid' });
});

test('object identifiers of any size come out as dotted numbers', () => {
  for (const [hex, oid] of [
    ['551d13', '2.5.29.19'],
    ['2a864886f70d01010b', '1.2.840.113549.1.1.11'],
    ['00', '0.0'],
    ['27', '0.39'],
    ['28', '1.0'],
    ['8837', '2.999'],
    // 2.25 and a UUID: an arc of 128 bits.
    ['6983f0a6fbf2d8e4b3d7d2c3b1a5f0e1d2c3b40f', undefined],
  ] as const) {
    const decoded = decodeOid(Buffer.from(hex, 'hex'));
    if (oid) assert.equal(decoded, oid);
    else assert.match(decoded, /^2\.25\.\d{30,39}$/);
    assert.equal(decoded, plainOid(decoded));
  }
});
