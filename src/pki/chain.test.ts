import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import {
  makeCa,
  makeCertificate,
  makeDailyLeaf,
  makeLeaf,
  makeOriginalTenantCa,
  makeSphereAuthorities,
  type OddRequest,
  rsaKey,
  type TestCertificate,
  testNow,
} from '#test/support/certificates.ts';
import { buildChain, type ChainReason, type ChainRequest } from './chain.ts';
import { makeExtension } from './issue.ts';
import { generateEcKey } from './key.ts';
import { encodeName } from './names.ts';

const ca = makeCa();

/** NameConstraints that permit the directory name CN=`commonName` and what is below it. */
function permitDirectory(commonName: string): Buffer {
  const wrap = (tag: number, content: Buffer) => Buffer.concat([Buffer.of(tag, content.length), content]);
  return wrap(0x30, wrap(0xa0, wrap(0x30, wrap(0xa4, encodeName([['CN', commonName]])))));
}

function chainOf(
  leaf: TestCertificate,
  options: { presented?: TestCertificate[]; anchors?: TestCertificate[] } & Omit<
    Partial<ChainRequest>,
    'presented' | 'anchors'
  > = {},
) {
  const { presented = [], anchors = [ca], ...rest } = options;
  return buildChain({
    leaf: leaf.certificate,
    presented: presented.map(({ certificate }) => certificate),
    anchors: anchors.map(({ certificate }) => certificate),
    at: testNow,
    ...rest,
  });
}

function refusalOf(...parameters: Parameters<typeof chainOf>): ChainReason | 'accepted' {
  const result = chainOf(...parameters);
  return result.ok ? 'accepted' : result.reason;
}

test('a leaf directly below a verified CA is accepted, and the anchor is named', () => {
  const result = chainOf(makeLeaf({ issuer: ca }));
  assert.ok(result.ok);
  assert.equal(result.anchor, ca.certificate);
  assert.equal(result.chain.length, 2);
  assert.ok(result.trace.every(({ passed }) => passed));
});

test('hub 8: a leaf below two intermediates is accepted when only the root is verified, in whatever order they came', () => {
  const upper = makeCa({ name: 'Upper', issuer: ca });
  const lower = makeCa({ name: 'Lower', issuer: upper });
  const leaf = makeLeaf({ issuer: lower });
  for (const presented of [
    [upper, lower],
    [lower, upper],
    [leaf, lower, upper, ca],
  ]) {
    const result = chainOf(leaf, { presented });
    assert.ok(result.ok);
    assert.deepEqual(
      result.chain.map(({ subject }) => subject),
      ['CN=device-1', 'CN=Lower', 'CN=Upper', 'CN=Test CA'],
    );
  }
});

test('sphere 22: a leaf below a tenant CA of the original shape, without SKI, AKI or path length, is accepted', () => {
  const tenant = makeOriginalTenantCa();
  assert.equal(refusalOf(makeLeaf({ issuer: tenant }), { anchors: [tenant] }), 'accepted');
});

test('a path never continues above a verified CA: the nearest one to the leaf is its anchor', async () => {
  const { root, policy, tenant } = await makeSphereAuthorities();
  const { leaf } = await makeDailyLeaf(tenant);
  const result = chainOf(leaf, { presented: [tenant, policy, root], anchors: [root, tenant] });
  assert.ok(result.ok);
  assert.equal(result.anchor, tenant.certificate);
});

test('sphere 45: a leaf from another tenant under the same root is refused though it sends its full chain', async () => {
  const own = await makeSphereAuthorities();
  const other = await makeSphereAuthorities({ root: own.root, policy: own.policy });
  const { leaf } = await makeDailyLeaf(other.tenant);
  const presented = [other.tenant, other.policy, other.root];
  assert.equal(refusalOf(leaf, { presented, anchors: [own.tenant] }), 'issuer-unknown');
  assert.equal(refusalOf(leaf, { presented, anchors: [own.tenant, other.tenant] }), 'accepted');
});

const leafRules: [name: string, request: OddRequest, expected: ChainReason | 'accepted'][] = [
  [
    'sphere 46: an expired leaf is refused',
    { notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -1_000) },
    'certificate-expired',
  ],
  ['a leaf in its last second is accepted', { notAfter: testNow }, 'accepted'],
  ['sphere 47: a leaf that is not yet valid is refused', { notBefore: plus(testNow, hourMs) }, 'certificate-not-yet-valid'],
  ['sphere 48: an EKU of serverAuth only is refused', { purposes: { oids: ['1.3.6.1.5.5.7.3.1'] } }, 'leaf-purpose'],
  [
    'sphere 48: an EKU of clientAuth among others is accepted',
    { purposes: { oids: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] } },
    'accepted',
  ],
  ['an EKU of anyExtendedKeyUsage only is refused', { purposes: { oids: ['2.5.29.37.0'] } }, 'leaf-purpose'],
  ['a critical and empty EKU is refused', { purposes: { oids: [], critical: true } }, 'leaf-purpose'],
  ['sphere 48: a KU without digitalSignature is refused', { keyUsage: ['keyAgreement'] }, 'leaf-usage'],
  ['a KU of encipherOnly is refused', { keyUsage: ['encipherOnly'] }, 'leaf-usage'],
  ['sphere 49: a CA certificate used as the leaf is refused', { basicConstraints: { isCa: true } }, 'leaf-is-ca'],
  [
    'sphere 50: an unknown critical extension is refused',
    { extensions: [makeExtension('1.2.3.4', Buffer.of(5, 0), true)] },
    'critical-extension-unknown',
  ],
  [
    'sphere 50: an unknown non-critical extension is accepted',
    { extensions: [makeExtension('1.2.3.4', Buffer.of(5, 0))] },
    'accepted',
  ],
  ['a leaf signed with SHA-1 is refused', { hash: 'sha1' }, 'certificate-too-weak'],
];
for (const [name, request, expected] of leafRules) {
  test(name, () => assert.equal(refusalOf(makeLeaf({ issuer: ca, ...request })), expected));
}

test('sphere 48: a leaf without EKU, and one without any extension, is accepted', () => {
  assert.equal(refusalOf(makeCertificate({ issuer: ca, keyUsage: ['digitalSignature'] })), 'accepted');
  assert.equal(refusalOf(makeCertificate({ issuer: ca })), 'accepted');
});

const issuerRules: [name: string, request: OddRequest, expected: ChainReason | 'accepted'][] = [
  ['sphere 37: an issuer without basicConstraints is refused though its key usage allows signing', {}, 'issuer-not-ca'],
  ['sphere 38: an issuer with CA:FALSE is refused', { basicConstraints: { isCa: false } }, 'issuer-not-ca'],
  [
    'an issuer whose key usage lacks certSign is refused',
    { basicConstraints: { isCa: true }, keyUsage: ['digitalSignature'] },
    'issuer-usage',
  ],
  [
    'an issuer that ended is refused',
    { basicConstraints: { isCa: true }, notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -dayMs) },
    'issuer-expired',
  ],
  [
    'an issuer that has not begun is refused',
    { basicConstraints: { isCa: true }, notBefore: plus(testNow, hourMs) },
    'issuer-not-yet-valid',
  ],
  [
    'an issuer with an RSA key of 1024 bits is refused',
    { basicConstraints: { isCa: true }, key: rsaKey(1024) },
    'certificate-too-weak',
  ],
  [
    'an issuer with a critical extension that nobody understands is refused',
    { basicConstraints: { isCa: true }, extensions: [makeExtension('1.2.3.4', Buffer.of(0x30, 0), true)] },
    'critical-extension-unknown',
  ],
  [
    'an issuer whose name constraints leave out the name of the leaf is refused',
    { basicConstraints: { isCa: true }, extensions: [makeExtension('2.5.29.30', permitDirectory('Others'), true)] },
    'name-not-permitted',
  ],
  [
    'an issuer whose name constraints allow the name of the leaf is accepted',
    { basicConstraints: { isCa: true }, extensions: [makeExtension('2.5.29.30', permitDirectory('device-1'), true)] },
    'accepted',
  ],
  ['an issuer without key usage is accepted', { basicConstraints: { isCa: true } }, 'accepted'],
];
for (const [name, request, expected] of issuerRules) {
  const keyUsage = request.keyUsage ?? (name.includes('without key usage') ? undefined : ['keyCertSign' as const]);
  const made = {
    subject: [['CN', 'Odd CA'] as const],
    notAfter: plus(testNow, dayMs),
    ...request,
    ...(keyUsage && { keyUsage }),
  };
  test(`${name}, as anchor and as intermediate`, () => {
    const anchor = makeCertificate(made);
    assert.equal(refusalOf(makeLeaf({ issuer: anchor }), { anchors: [anchor] }), expected);
    const intermediate = makeCertificate({ ...made, issuer: ca });
    assert.equal(refusalOf(makeLeaf({ issuer: intermediate }), { presented: [intermediate] }), expected);
  });
}

test('a path length of 0 refuses an intermediate below, and one of 1 accepts it', () => {
  for (const [pathLength, expected] of [
    [0, 'path-too-long'],
    [1, 'accepted'],
  ] as const) {
    const anchor = makeCa({ basicConstraints: { isCa: true, pathLength } });
    const middle = makeCa({ name: 'Middle', issuer: anchor });
    assert.equal(refusalOf(makeLeaf({ issuer: middle }), { anchors: [anchor], presented: [middle] }), expected);
  }
});

test('an intermediate minted below a tenant CA of ours is refused by its path length', async () => {
  const { tenant } = await makeSphereAuthorities();
  const minted = makeCa({ name: 'Minted', issuer: tenant });
  assert.equal(refusalOf(makeLeaf({ issuer: minted }), { anchors: [tenant], presented: [minted] }), 'path-too-long');
});

test('a third intermediate is refused, unless the caller allows more', () => {
  const a = makeCa({ name: 'A', issuer: ca });
  const b = makeCa({ name: 'B', issuer: a });
  const c = makeCa({ name: 'C', issuer: b });
  const leaf = makeLeaf({ issuer: c });
  assert.equal(refusalOf(leaf, { presented: [a, b, c] }), 'path-too-long');
  assert.equal(refusalOf(leaf, { presented: [a, b, c], intermediatesMax: 10 }), 'accepted');
});

test('a leaf whose issuer has the name of a verified CA but another key is refused', () => {
  const namesake = makeCa();
  assert.equal(refusalOf(makeLeaf({ issuer: namesake })), 'signature-invalid');
  assert.equal(refusalOf(makeLeaf({ issuer: namesake }), { presented: [namesake] }), 'signature-invalid');
});

test('of two verified CAs of one name the one that signed is found', () => {
  const namesake = makeCa();
  const result = chainOf(makeLeaf({ issuer: namesake }), { anchors: [ca, namesake] });
  assert.ok(result.ok && result.anchor === namesake.certificate);
});

test('names are compared by RFC 5280 7.1: neither the string type nor case nor runs of blanks make another name', () => {
  const printable = encodeName([['CN', 'Test CA']]);
  const utf8 = Buffer.from(printable);
  utf8[utf8.indexOf(0x13)] = 0x0c;
  assert.equal(refusalOf(makeLeaf({ issuer: ca, issuerDer: utf8 })), 'accepted');
  assert.equal(refusalOf(makeLeaf({ issuer: ca, issuerDer: encodeName([['CN', ' test  ca']]) })), 'accepted');
  assert.equal(refusalOf(makeLeaf({ issuer: ca, issuerDer: encodeName([['CN', 'TestCA']]) })), 'issuer-unknown');
  assert.equal(refusalOf(makeLeaf({ issuer: ca, issuerDer: encodeName([['O', 'Test CA']]) })), 'issuer-unknown');
});

test('sphere 53: a self-signed leaf is refused, and so is a path without any verified CA', () => {
  assert.equal(refusalOf(makeCertificate({ subject: [['CN', 'device-1']] })), 'issuer-unknown');
  assert.equal(refusalOf(makeLeaf({ issuer: ca }), { anchors: [] }), 'issuer-unknown');
});

test('a changed byte in the signed part is refused', () => {
  const leaf = makeLeaf({ issuer: ca });
  const tbsDer = Buffer.from(leaf.certificate.tbsDer);
  tbsDer[tbsDer.length - 1] = (tbsDer.at(-1) ?? 0) ^ 1;
  assert.equal(refusalOf({ ...leaf, certificate: { ...leaf.certificate, tbsDer } }), 'signature-invalid');
});

test('a tangle of cross-signed certificates of one name costs a bounded number of signatures', () => {
  const key = generateEcKey('P-256');
  const tangle = Array.from({ length: 30 }, () => makeCa({ name: 'Tangle', key, issuerDer: encodeName([['CN', 'Tangle']]) }));
  const [first] = tangle;
  assert.ok(first);
  const result = chainOf(makeLeaf({ issuer: first }), { presented: tangle, intermediatesMax: 10 });
  assert.ok(!result.ok);
  assert.ok(result.trace.filter(({ check }) => check === 'intermediate').length <= 32);
  assert.ok(result.trace.length <= 48);
});

test('the trace tells every certificate that was tried', () => {
  const stranger = makeCa({ name: 'Stranger' });
  const middle = makeCa({ name: 'Middle', issuer: stranger });
  const result = chainOf(makeLeaf({ issuer: middle }), { presented: [middle] });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.trace.map(({ check, passed }) => [check, passed]),
    [
      ['intermediate', true],
      ['issuer-unknown', false],
    ],
  );
  assert.match(result.detail, /CN=Stranger/);
});
