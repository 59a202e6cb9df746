import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCa, makeCertificate, makeLeaf } from '#test/support/certificates.ts';
import { tlv } from '#test/support/der.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import { makeExtension } from './issue.ts';
import { nameConstraintFault } from './name-constraints.ts';
import { encodeName } from './names.ts';

const name = {
  dns: (text: string) => tlv(0x82, text),
  email: (text: string) => tlv(0x81, text),
  uri: (text: string) => tlv(0x86, text),
  ip: (hex: string) => tlv(0x87, Buffer.from(hex, 'hex')),
  directory: (commonName: string) => tlv(0xa4, encodeName([['CN', commonName]])),
  other: () => tlv(0xa0, Buffer.from('06032a0304a0020500', 'hex')),
  registered: () => tlv(0x88, Buffer.from('2a0304', 'hex')),
};

type Bases = { permitted?: readonly Buffer[]; excluded?: readonly Buffer[] };

function constraints({ permitted = [], excluded = [] }: Bases, range: Buffer = Buffer.alloc(0)) {
  const trees = (tag: number, bases: readonly Buffer[]) =>
    bases.length === 0 ? [] : [tlv(tag, ...bases.map((base) => tlv(0x30, base, range)))];
  return makeExtension('2.5.29.30', tlv(0x30, ...trees(0xa0, permitted), ...trees(0xa1, excluded)), true);
}

const altNames = (...names: readonly Buffer[]) => makeExtension('2.5.29.17', tlv(0x30, ...names));

/** What a CA with these constraints has against a leaf with these names. */
function faultOf(bases: Bases, ...names: readonly Buffer[]): string | undefined {
  const ca = makeCa({ extensions: [constraints(bases)] });
  const leaf = makeLeaf({ issuer: ca, extensions: names.length > 0 ? [altNames(...names)] : [] });
  return nameConstraintFault([leaf.certificate, ca.certificate])?.replace(/^.*: /, '');
}

type Case = [bases: Bases, name: Buffer, fault: RegExp | undefined];
const permit = (...permitted: Buffer[]): Bases => ({ permitted });
const exclude = (...excluded: Buffer[]): Bases => ({ excluded });
const refusedAsUnclear = /cannot be compared/;
const notPermitted = /is not permitted$/;
const isExcluded = /is excluded$/;

const cases: Readonly<Record<string, readonly Case[]>> = {
  'hosts: the domain and what is below it, without regard to case': [
    [permit(name.dns('example.com')), name.dns('example.com'), undefined],
    [permit(name.dns('example.com')), name.dns('A.B.Example.COM'), undefined],
    [permit(name.dns('example.com')), name.dns('badexample.com'), notPermitted],
    [permit(name.dns('.example.com')), name.dns('example.com'), notPermitted],
    [permit(name.dns('.example.com')), name.dns('a.example.com'), undefined],
    [permit(name.dns('')), name.dns('anything.at.all'), undefined],
    [exclude(name.dns('')), name.dns('anything.at.all'), isExcluded],
    [exclude(name.dns('example.com')), name.dns('a.example.com'), isExcluded],
    [exclude(name.dns('example.com')), name.dns('example.org'), undefined],
    [permit(name.dns('a.com'), name.dns('b.com')), name.dns('x.b.com'), undefined],
  ],
  'hosts that readers take for different ones are refused where any is constrained': [
    ...[
      'example.com.',
      '.example.com',
      'a..com',
      'exa\0mple.com',
      'ex ample.com',
      'b\xfccher.com',
      '',
      '10.0.0.1',
      'a.0x7f',
      'a*.com',
    ].flatMap((text): Case[] => [
      [permit(name.dns('example.com')), name.dns(text), refusedAsUnclear],
      [exclude(name.dns('example.com')), name.dns(text), refusedAsUnclear],
    ]),
  ],
  'a wildcard stands for all hosts below what follows it': [
    [permit(name.dns('example.com')), name.dns('*.example.com'), undefined],
    [permit(name.dns('a.example.com')), name.dns('*.example.com'), notPermitted],
    [permit(name.dns('.example.com')), name.dns('*.example.com'), undefined],
    [exclude(name.dns('a.example.com')), name.dns('*.example.com'), isExcluded],
    [exclude(name.dns('.a.example.com')), name.dns('*.example.com'), isExcluded],
    [exclude(name.dns('example.org')), name.dns('*.example.com'), undefined],
  ],
  'mailboxes: one, those of a host, or those of hosts below a domain': [
    [permit(name.email('Ada@example.com')), name.email('Ada@EXAMPLE.com'), undefined],
    [permit(name.email('Ada@example.com')), name.email('ada@example.com'), notPermitted],
    [permit(name.email('example.com')), name.email('a@example.com'), undefined],
    [permit(name.email('example.com')), name.email('a@b.example.com'), notPermitted],
    [permit(name.email('.example.com')), name.email('a@b.example.com'), undefined],
    [permit(name.email('.example.com')), name.email('a@example.com'), notPermitted],
    [exclude(name.email('example.com')), name.email('"x@y"@example.com'), isExcluded],
    [permit(name.email('example.com')), name.email('example.com'), refusedAsUnclear],
    [exclude(name.email('example.com')), name.email('a@example.com.'), refusedAsUnclear],
    [permit(name.email('@example.com')), name.email('a@example.com'), /a constraint for email names is malformed/],
  ],
  'addresses of resources: by host alone, and refused where it has none': [
    [permit(name.uri('example.com')), name.uri('https://example.com:8443/a?b#c'), undefined],
    [permit(name.uri('example.com')), name.uri('https://user:pw@example.com'), undefined],
    [permit(name.uri('example.com')), name.uri('https://a.example.com'), notPermitted],
    [permit(name.uri('.example.com')), name.uri('https://a.example.com'), undefined],
    [exclude(name.uri('.example.com')), name.uri('https://a.example.com'), isExcluded],
    ...[
      'urn:uuid:1',
      'https:///path',
      'https://10.0.0.1/',
      'https://[::1]/',
      'https://a@b@evil.com/',
      'https://evil.com\\@ok.com/',
      'mailto:a@b.com',
      '//a.com/',
    ].flatMap((text): Case[] => [
      [permit(name.uri('evil.com')), name.uri(text), refusedAsUnclear],
      [exclude(name.uri('evil.com')), name.uri(text), refusedAsUnclear],
    ]),
  ],
  'IPv4: address and mask': [
    [permit(name.ip('0a000000ff000000')), name.ip('0a010203'), undefined],
    [permit(name.ip('0a000000ff000000')), name.ip('0b010203'), notPermitted],
    [permit(name.ip('0a000080ffffff80')), name.ip('0a000081'), undefined],
    [permit(name.ip('0a000080ffffff80')), name.ip('0a00007f'), notPermitted],
    [permit(name.ip('0000000000000000')), name.ip('ffffffff'), undefined],
    [permit(name.ip('0a000001ffffffff')), name.ip('0a000001'), undefined],
    [exclude(name.ip('0a000000ff000000')), name.ip('0affffff'), isExcluded],
    // Bits of the address beyond the mask say nothing.
    [permit(name.ip('0a010203ff000000')), name.ip('0a000000'), undefined],
  ],
  'IPv6: address and mask': [
    [permit(name.ip(`20010db8${'00'.repeat(12)}ffffffff${'00'.repeat(12)}`)), name.ip(`20010db8${'12'.repeat(12)}`), undefined],
    [
      permit(name.ip(`20010db8${'00'.repeat(12)}ffffffff${'00'.repeat(12)}`)),
      name.ip(`20010db9${'12'.repeat(12)}`),
      notPermitted,
    ],
    [exclude(name.ip('00'.repeat(32))), name.ip('ab'.repeat(16)), isExcluded],
    [permit(name.ip('00'.repeat(32))), name.ip('7f000001'), notPermitted],
  ],
  'addresses and masks that are none refuse': [
    [permit(name.ip('0a000000ff00ff00')), name.ip('0a000000'), /a constraint for ip names is malformed/],
    [exclude(name.ip('0a000000ff00ff00')), name.ip('0b000000'), /a constraint for ip names is malformed/],
    [exclude(name.ip('0a000000')), name.ip('0a000000'), /a constraint for ip names is malformed/],
    [exclude(name.ip('0a000000ff000000')), name.ip('0a0000'), refusedAsUnclear],
    [exclude(name.dns('*.example.com')), name.dns('a.example.com'), /a constraint for dns names is malformed/],
  ],
  'forms that nobody reads: constrained means refused, and another form is no matter': [
    [permit(name.other()), name.other(), /a name of the form otherName cannot be compared/],
    [exclude(name.other()), name.other(), refusedAsUnclear],
    [exclude(name.other()), name.registered(), undefined],
    [exclude(name.registered()), name.dns('a.com'), undefined],
  ],
  'a constraint on one form leaves the others alone': [
    [permit(name.dns('example.com')), name.email('a@b.com'), undefined],
    [permit(name.uri('example.com')), name.dns('a.com'), undefined],
  ],
};
describe('name constraints', () => {
  for (const [what, rows] of Object.entries(cases)) {
    test(what, () => {
      for (const [bases, one, expected] of rows) {
        const fault = faultOf(bases, one);
        const shown = `${JSON.stringify(bases, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value))} ${one.toString('latin1')}: ${fault}`;
        if (expected) assert.match(fault ?? 'nothing', expected, shown);
        else assert.equal(fault, undefined, shown);
      }
    });
  }

  test('the subject is a directory name, and an empty one is none', () => {
    assert.equal(faultOf(permit(name.directory('device-1'))), undefined);
    assert.match(faultOf(permit(name.directory('other'))) ?? '', /its name is not permitted/);
    assert.match(faultOf(exclude(tlv(0xa4, tlv(0x30)))) ?? '', /its name is excluded/);
    const ca = makeCa({ extensions: [constraints(permit(name.directory('other')))] });
    const nameless = makeCertificate({ issuer: ca, subject: [] });
    assert.equal(nameConstraintFault([nameless.certificate, ca.certificate]), undefined);
  });

  test('an address in the subject counts when there is none among the other names', () => {
    const attribute = tlv(0x31, tlv(0x30, Buffer.from('06092a864886f70d010901', 'hex'), tlv(0x16, 'a@evil.com')));
    const subjectDer = tlv(0x30, attribute);
    const ca = makeCa({ extensions: [constraints(permit(name.email('example.com')))] });
    const of = (extensions: Parameters<typeof makeCertificate>[0]) =>
      nameConstraintFault([makeCertificate({ issuer: ca, subjectDer, ...extensions }).certificate, ca.certificate]);
    assert.match(of({}) ?? '', /email a@evil\.com is not permitted/);
    assert.equal(of({ extensions: [altNames(name.email('a@example.com'))] }), undefined);
  });

  test('constraints hold for every certificate below, self-issued CAs apart, and add up', () => {
    const top = makeCa({ name: 'Top', extensions: [constraints(permit(name.dns('example.com')))] });
    const middle = makeCa({ name: 'Middle', issuer: top, extensions: [constraints(exclude(name.dns('a.example.com')))] });
    const judge = (host: string) => {
      const leaf = makeLeaf({ issuer: middle, extensions: [altNames(name.dns(host))] });
      return nameConstraintFault([leaf, middle, top].map(({ certificate }) => certificate));
    };
    assert.equal(judge('b.example.com'), undefined);
    assert.match(judge('a.example.com') ?? '', /^CN=Middle does not allow CN=device-1: dns a\.example\.com is excluded/);
    assert.match(judge('a.org') ?? '', /^CN=Top does not allow CN=device-1/);
    const constrained = makeCa({ name: 'Self', extensions: [constraints(permit(name.directory('device-1')))] });
    const again = makeCa({ name: 'Self', issuer: constrained });
    const leaf = makeLeaf({ issuer: again });
    assert.equal(nameConstraintFault([leaf, again, constrained].map(({ certificate }) => certificate)), undefined);
    assert.match(
      nameConstraintFault([again, constrained].map(({ certificate }) => certificate)) ?? '',
      /its name is not permitted/,
    );
  });

  test('a minimum that is not 0, or a maximum, refuses; a minimum of 0 is what everybody means', () => {
    for (const [range, isRefused] of [
      [tlv(0x80, Buffer.of(1)), true],
      [tlv(0x81, Buffer.of(0)), true],
      [tlv(0x80, Buffer.of(0)), false],
    ] as const) {
      const ca = makeCa({ extensions: [constraints(permit(name.directory('device-1')), range)] });
      const fault = nameConstraintFault([makeLeaf({ issuer: ca }).certificate, ca.certificate]);
      assert.equal(fault?.includes('minimum or maximum') ?? false, isRefused);
    }
  });

  test('many names times many constraints are refused, soon', () => {
    const many = (count: number, make: (index: number) => Buffer) => Array.from({ length: count }, (_, index) => make(index));
    const ca = makeCa({ extensions: [constraints(exclude(...many(600, (index) => name.dns(`x${index}.y`))))] });
    const leaf = makeLeaf({ issuer: ca, extensions: [altNames(...many(900, (index) => name.dns(`a${index}.b`)))] });
    const time = startProcessorTime();
    assert.match(nameConstraintFault([leaf.certificate, ca.certificate]) ?? '', /too many names and constraints/);
    assert.ok(time() < 1_000);
  });

  test('a name as long as its certificate is not quoted whole', () => {
    assert.ok((faultOf(exclude(name.dns('a.com')), name.dns('x'.repeat(10_000))) ?? '').length < 300);
  });
});
