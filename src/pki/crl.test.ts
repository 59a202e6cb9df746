import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '#base/problem.ts';
import { makeCa, testNow } from '#test/support/certificates.ts';
import { tlv } from '#test/support/der.ts';
import { extensionOf, listOids, makeList, numberExtension, timeOf } from '#test/support/odd-list.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { crlBytesMax, entryKey, parseCrl } from './crl.ts';
import { encodeName, nameKey } from './names.ts';
import { allReasons } from './path-extensions.ts';

const ca = makeCa();
const { issuerKey } = ca.certificate;

function whyNot(der: Buffer): string {
  try {
    parseCrl(der);
    return 'accepted';
  } catch (error) {
    assert.ok(
      error instanceof Problem && error.code === 'certificate-invalid' && error.reason === 'certificate-malformed',
      String(error),
    );
    return error.message;
  }
}

const reason = (code: number) => extensionOf(listOids.reason, tlv(0x0a, Buffer.of(code)));

describe('a revocation list', () => {
  test('is read with its number, dates and entries', () => {
    const list = parseCrl(
      makeList({
        issuer: ca,
        entries: [
          { serialHex: '0A', at: testNow, extensions: [reason(1)] },
          { serialHex: '0B' },
          { serialHex: '0C', extensions: [reason(77)] },
        ],
        extensions: [numberExtension(7)],
      }),
    );
    assert.equal(list.number, 7n);
    assert.deepEqual(list.entries.get(entryKey(issuerKey, '0A')), { at: testNow, reason: 'key compromise' });
    assert.equal(list.entries.get(entryKey(issuerKey, '0B'))?.reason, 'no reason given');
    assert.equal(list.entries.get(entryKey(issuerKey, '0C'))?.reason, 'no reason given');
    assert.equal(list.entries.size, 3);
    assert.deepEqual([list.baseNumber, list.scope.reasons, list.unknownCriticalExtensions], [undefined, allReasons, []]);
  });

  test('without entries, extensions or nextUpdate, and of version 1, it is one too', () => {
    const list = parseCrl(makeList({ issuer: ca, nextUpdate: null, version: Buffer.alloc(0) }));
    assert.deepEqual([list.entries.size, list.nextUpdate, list.number], [0, undefined, undefined]);
    assert.match(whyNot(makeList({ issuer: ca, version: tlv(0x02, Buffer.of(2)) })), /its version is not 2/);
  });

  test('a serial number is the same one however many bytes it is written with', () => {
    for (const [written, meant] of [
      ['000A', '0A'],
      ['00000A', '0A'],
      ['0080', '0080'],
      ['00', '00'],
      ['FFFF80', '80'],
      ['FF7F', 'FF7F'],
      ['FF', 'FF'],
    ] as const) {
      assert.equal(entryKey('i', written), entryKey('i', meant), written);
      assert.ok(
        parseCrl(makeList({ issuer: ca, entries: [{ serialHex: written }] })).entries.has(entryKey(issuerKey, meant)),
        written,
      );
    }
    assert.notEqual(entryKey('i', '0080'), entryKey('i', '80'));
    assert.notEqual(entryKey('i', 'FF7F'), entryKey('i', '7F'));
  });

  test('numbers that are none, dates that are none and extensions that come twice are refused', () => {
    const withNumber = (value: Buffer) => makeList({ issuer: ca, extensions: [extensionOf(listOids.number, value)] });
    for (const bad of [Buffer.of(0x80), Buffer.alloc(0), Buffer.alloc(21, 1)])
      assert.match(whyNot(withNumber(tlv(0x02, bad))), /its number is none/);
    assert.match(whyNot(withNumber(tlv(0x04, Buffer.of(1)))), /has the tag/);
    assert.match(whyNot(withNumber(Buffer.of(0x02, 0x05, 0x01))), /cut short/);
    assert.match(
      whyNot(makeList({ issuer: ca, extensions: [numberExtension(1), numberExtension(1)] })),
      /an extension appears twice/,
    );
    assert.match(
      whyNot(makeList({ issuer: ca, entries: [{ serialHex: '01', extensions: [reason(1), reason(1)] }] })),
      /an extension appears twice/,
    );
    const many = Array.from({ length: 65 }, (_, index) => extensionOf(`1.2.${index}`, Buffer.of(5, 0)));
    assert.match(whyNot(makeList({ issuer: ca, extensions: many })), /more than 64 extensions/);
    const dated = makeList({ issuer: ca, thisUpdate: testNow });
    const date = timeOf(testNow).subarray(2).toString('latin1');
    for (const bad of [
      `20261301${date.slice(8)}`,
      `20260230${date.slice(8)}`,
      `${date.slice(0, 12)}61Z`,
      `${date.slice(0, -1)}A`,
      'xxxxxxxxxxxxxxZ',
    ]) {
      const changed = Buffer.from(dated);
      changed.write(bad, changed.indexOf(date), 'latin1');
      assert.match(whyNot(changed), /a date is not one/, bad);
    }
  });

  test('critical extensions that nobody understands are told, those of entries too', () => {
    const list = parseCrl(
      makeList({
        issuer: ca,
        entries: [
          { serialHex: '01', extensions: [extensionOf('1.2.3', Buffer.of(5, 0), true)] },
          { serialHex: '02', extensions: [extensionOf('1.2.3', Buffer.of(5, 0), true)] },
        ],
        extensions: [extensionOf('1.2.4', Buffer.of(5, 0), true), extensionOf('1.2.5', Buffer.of(5, 0))],
      }),
    );
    assert.deepEqual(list.unknownCriticalExtensions, ['1.2.4', '1.2.3']);
  });

  test('an indirect list says of which issuer each entry is, until the next one says otherwise', () => {
    const of = (commonName: string) =>
      extensionOf(listOids.entryIssuer, tlv(0x30, tlv(0x82, 'dns.first'), tlv(0xa4, encodeName([['CN', commonName]]))), true);
    const list = parseCrl(
      makeList({
        issuer: ca,
        entries: [
          { serialHex: '01' },
          { serialHex: '02', extensions: [of('B')] },
          { serialHex: '03' },
          { serialHex: '04', extensions: [of('C')] },
        ],
      }),
    );
    const key = (commonName: string, serialHex: string) => entryKey(nameKey([`2.5.4.3=s${commonName.toLowerCase()}`]), serialHex);
    assert.deepEqual([...list.entries.keys()], [entryKey(issuerKey, '01'), key('B', '02'), key('B', '03'), key('C', '04')]);
    const nobody = extensionOf(listOids.entryIssuer, tlv(0x30, tlv(0x82, 'dns.only')), true);
    assert.match(
      whyNot(makeList({ issuer: ca, entries: [{ serialHex: '01', extensions: [nobody] }] })),
      /an entry names no issuer/,
    );
  });

  test('what it is about is read, and refused when it cannot be', () => {
    const scoped = (...fields: Buffer[]) =>
      makeList({ issuer: ca, extensions: [extensionOf(listOids.scope, tlv(0x30, ...fields), true)] });
    const yes = Buffer.of(0xff);
    const all = parseCrl(
      scoped(
        tlv(0xa0, tlv(0xa0, tlv(0x86, 'http://a/'))),
        tlv(0x81, yes),
        tlv(0x82, yes),
        tlv(0x83, Buffer.of(1, 0x60)),
        tlv(0x84, yes),
        tlv(0x85, yes),
      ),
    ).scope;
    assert.deepEqual(
      [all.onlyUserCertificates, all.onlyCaCertificates, all.isIndirect, all.onlyAttributeCertificates, all.reasons],
      [true, true, true, true, 0b110],
    );
    assert.deepEqual(all.name, { fullNames: [{ kind: 'uri', text: 'http://a/', host: 'a' }] });
    const below = parseCrl(scoped(tlv(0xa0, tlv(0xa1, tlv(0x30, Buffer.from('0603550403', 'hex'), tlv(0x0c, 'X')))))).scope;
    assert.deepEqual(below.name, { belowIssuer: '2.5.4.3=sx' });
    assert.equal(parseCrl(scoped(tlv(0x83, Buffer.of(7, 0x80, 0x80)))).scope.reasons, 0b1_0000_0000);
    assert.equal(parseCrl(scoped(tlv(0x81, Buffer.of(0)))).scope.onlyUserCertificates, false);
    for (const bad of [
      tlv(0x81),
      tlv(0x81, Buffer.of(1, 1)),
      tlv(0x83),
      tlv(0x83, Buffer.of(8, 1)),
      tlv(0xa0),
      tlv(0xa0, tlv(0xa0), tlv(0xa0)),
      tlv(0x86, yes),
    ]) {
      assert.match(whyNot(scoped(bad)), /malformed/);
    }
  });

  test('anything else is refused in one sentence: noise, a certificate, what is cut short or follows, what is too large', () => {
    const list = makeList({ issuer: ca, entries: [{ serialHex: '01' }], extensions: [numberExtension(1)] });
    const noise = seededRandom('lists').bytes(500);
    for (const bad of [
      Buffer.alloc(0),
      noise,
      ca.der,
      list.subarray(0, -1),
      Buffer.concat([list, Buffer.of(0)]),
      tlv(0x30),
      Buffer.from(list.toString('base64')),
    ]) {
      assert.match(whyNot(bad), /^The certificate revocation list is malformed: [^:]+\.$/);
    }
    assert.match(whyNot(Buffer.alloc(crlBytesMax + 1)), /more than 1048576 bytes/);
    for (let length = 0; length < list.length; length++) assert.notEqual(whyNot(list.subarray(0, length)), 'accepted');
  });

  test('a changed byte makes a refusal or another list, never another error', () => {
    const list = makeList({
      issuer: ca,
      entries: [{ serialHex: '01', extensions: [reason(1)] }],
      extensions: [numberExtension(1)],
    });
    const random = seededRandom('changed lists');
    for (let round = 0; round < 500; round++) {
      const changed = Buffer.from(list);
      const at = Math.floor(random.fraction() * list.length);
      changed[at] = Math.floor(random.fraction() * 256);
      whyNot(changed);
    }
  });

  test('a list of the largest size is read in less than a second, however many entries it has', () => {
    const entries = Array.from({ length: 40_000 }, (_, index) => ({
      serialHex: (0x01000000 + index).toString(16).padStart(8, '0'),
    }));
    const large = makeList({ issuer: ca, entries });
    assert.ok(large.length > crlBytesMax * 0.9 && large.length <= crlBytesMax, String(large.length));
    const time = startProcessorTime();
    assert.equal(parseCrl(large).entries.size, 40_000);
    assert.ok(time() < 1_000);
  });
});
