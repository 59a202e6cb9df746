import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeCa, makeCertificate, makeLeaf, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { tlv } from '#test/support/der.ts';
import { extensionOf, listOids, makeList, numberExtension, type OddList } from '#test/support/odd-list.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import { buildChain, type ChainRequest } from './chain.ts';
import { parseCrl } from './crl.ts';
import { makeExtension } from './issue.ts';

const ca = makeCa();
const leaf = makeLeaf({ issuer: ca });
const listed = (one: TestCertificate) => [{ serialHex: one.certificate.serialHex }];
const list = (request: Partial<OddList> = {}) => parseCrl(makeList({ issuer: ca, ...request }));
const reasonOf = (code: number) => [extensionOf(listOids.reason, tlv(0x0a, Buffer.of(code)))];

function verdictOf(request: Partial<ChainRequest> & { of?: TestCertificate } = {}): string {
  const { of = leaf, ...rest } = request;
  const result = buildChain({
    leaf: of.certificate,
    presented: [],
    anchors: [ca.certificate],
    at: testNow,
    revocation: 'all',
    ...rest,
  });
  return result.ok ? 'accepted' : result.reason;
}

const pointOf = (...fields: Buffer[]) => makeExtension('2.5.29.31', tlv(0x30, ...fields));
const uriPoint = (uri: string, ...more: Buffer[]) => tlv(0x30, tlv(0xa0, tlv(0xa0, tlv(0x86, uri))), ...more);
const scope = (...fields: Buffer[]) => extensionOf(listOids.scope, tlv(0x30, ...fields), true);
const uriScope = (uri: string) => tlv(0xa0, tlv(0xa0, tlv(0x86, uri)));

describe('revocation lists on a path', () => {
  test('no list: refused where all must be covered, accepted where lists count that are there', () => {
    assert.equal(verdictOf(), 'revocation-unknown');
    assert.equal(verdictOf({ revocation: 'listed' }), 'accepted');
    assert.equal(verdictOf({ crls: [list({ issuer: makeCa({ name: 'Other' }) })], revocation: 'listed' }), 'accepted');
    assert.equal(verdictOf({ crls: [list()] }), 'accepted');
    assert.equal(verdictOf({ crls: [list({ entries: listed(leaf) })], revocation: 'listed' }), 'certificate-revoked');
  });

  test('a list that cannot be relied on covers nothing: dates, signature, weakness, critical extensions, another signer', () => {
    const bad: Record<string, Partial<OddList>> = {
      'not yet': { thisUpdate: plus(testNow, hourMs) },
      over: { nextUpdate: plus(testNow, -hourMs) },
      'no next': { nextUpdate: null },
      weak: { hash: 'sha1' },
      critical: { extensions: [extensionOf('1.2.3', Buffer.of(5, 0), true)] },
      'of a namesake': { issuer: makeCa() },
    };
    for (const [what, request] of Object.entries(bad)) {
      assert.equal(verdictOf({ crls: [list(request)] }), 'revocation-unknown', what);
      assert.equal(verdictOf({ crls: [list(request), list()] }), 'accepted', `${what}, beside a good one`);
      assert.equal(verdictOf({ crls: [list(request)], revocation: 'listed' }), 'revocation-unknown', what);
    }
    const changed = list();
    assert.equal(
      verdictOf({ crls: [{ ...changed, tbsDer: Buffer.concat([changed.tbsDer, Buffer.of(0)]) }] }),
      'revocation-unknown',
    );
  });

  test('a CA that may not sign lists covers nothing', () => {
    const silent = makeCa({ name: 'Silent', keyUsage: ['keyCertSign'] });
    const below = makeLeaf({ issuer: silent });
    const crls = [list({ issuer: silent })];
    assert.equal(verdictOf({ of: below, anchors: [silent.certificate], crls }), 'revocation-unknown');
  });

  test('of two current lists the newer one is asked, in whatever order they come', () => {
    const older = list({ thisUpdate: plus(testNow, -2 * dayMs), extensions: [numberExtension(1)] });
    const newer = list({ entries: listed(leaf), extensions: [numberExtension(2)] });
    for (const crls of [
      [older, newer],
      [newer, older],
    ])
      assert.equal(verdictOf({ crls }), 'certificate-revoked');
    const first = list({ extensions: [numberExtension(3)] });
    const second = list({ entries: listed(leaf), extensions: [numberExtension(4)] });
    for (const crls of [
      [first, second],
      [second, first],
    ])
      assert.equal(verdictOf({ crls }), 'certificate-revoked', 'made at the same time: the higher number');
  });

  test('of delta lists the newest one that fits is asked, and only a delta takes a certificate off', () => {
    const base = (entries: OddList['entries'] = []) => list({ entries, extensions: [numberExtension(5)] });
    const delta = (number: number, entries: NonNullable<OddList['entries']>, more: Partial<OddList> = {}) =>
      list({ entries, extensions: [numberExtension(number), numberExtension(5, listOids.delta)], ...more });
    const removed = [{ ...listed(leaf)[0], serialHex: leaf.certificate.serialHex, extensions: reasonOf(8) }];
    assert.equal(verdictOf({ crls: [base(), delta(6, []), delta(7, listed(leaf))] }), 'certificate-revoked');
    assert.equal(verdictOf({ crls: [base(), delta(7, listed(leaf)), delta(6, [])] }), 'certificate-revoked');
    assert.equal(verdictOf({ crls: [base(listed(leaf)), delta(6, removed)] }), 'accepted');
    assert.equal(
      verdictOf({ crls: [base(listed(leaf)), delta(6, removed, { issuer: makeCa() })] }),
      'certificate-revoked',
      'a delta of a namesake',
    );
    assert.equal(verdictOf({ crls: [base(removed)] }), 'certificate-revoked', 'a complete list removes nothing');
    assert.equal(
      verdictOf({ crls: [base(listed(leaf)), delta(4, removed)] }),
      'certificate-revoked',
      'a delta older than the list',
    );
    assert.equal(verdictOf({ crls: [delta(6, [])] }), 'revocation-unknown', 'a delta without its list');
    assert.equal(verdictOf({ crls: [list(), delta(6, listed(leaf))] }), 'accepted', 'a list without a number has no deltas');
  });

  test('a list for users, CAs or attribute certificates speaks of those', () => {
    const only = (tag: number) => list({ extensions: [scope(tlv(tag, Buffer.of(0xff)))] });
    const below = makeCa({ name: 'Below', issuer: ca });
    assert.equal(verdictOf({ crls: [only(0x81)] }), 'accepted');
    assert.equal(verdictOf({ crls: [only(0x82)] }), 'revocation-unknown');
    assert.equal(verdictOf({ crls: [only(0x85)] }), 'revocation-unknown');
    assert.equal(verdictOf({ of: below, crls: [only(0x82)], purpose: 'any' }), 'accepted');
    assert.equal(verdictOf({ of: below, crls: [only(0x81)], purpose: 'any' }), 'revocation-unknown');
  });

  test('a list for one distribution point covers certificates that name it', () => {
    const at = (uri: string) => makeLeaf({ issuer: ca, extensions: [pointOf(uriPoint(uri))] });
    const crls = [list({ extensions: [scope(uriScope('http://a/1'))] })];
    assert.equal(verdictOf({ of: at('http://a/1'), crls }), 'accepted');
    assert.equal(verdictOf({ of: at('http://a/2'), crls }), 'revocation-unknown');
    assert.equal(verdictOf({ crls }), 'revocation-unknown');
    assert.equal(verdictOf({ of: at('http://a/2'), crls: [list()] }), 'accepted');
  });

  test('lists for some reasons cover a certificate when they cover all of them together', () => {
    const some = (bits: Buffer, entries: OddList['entries'] = []) => list({ entries, extensions: [scope(tlv(0x83, bits))] });
    const [compromise, others] = [Buffer.of(5, 0x60), Buffer.of(7, 0x1f, 0x80)];
    assert.equal(verdictOf({ crls: [some(compromise)] }), 'revocation-unknown');
    assert.equal(verdictOf({ crls: [some(compromise), some(others)] }), 'accepted');
    assert.equal(verdictOf({ crls: [some(compromise), some(others, listed(leaf))] }), 'certificate-revoked');
  });

  test('a revoked CA on the way revokes what is below it; a list of another key of its name does not', () => {
    const middle = makeCa({ name: 'Middle', issuer: ca });
    const below = makeLeaf({ issuer: middle });
    const presented = [middle.certificate];
    const crls = [list({ entries: listed(middle) }), list({ issuer: middle })];
    assert.equal(verdictOf({ of: below, presented, crls }), 'issuer-revoked');
    assert.equal(verdictOf({ of: below, presented, crls: [list(), list({ issuer: middle })] }), 'accepted');
    assert.equal(verdictOf({ of: below, presented, crls: [list()] }), 'revocation-unknown');
    const impostor = makeCa({ name: 'Middle', issuer: makeCa({ name: 'Elsewhere' }) });
    assert.equal(
      verdictOf({ of: below, presented: [...presented, impostor.certificate], crls: [list(), list({ issuer: impostor })] }),
      'revocation-unknown',
    );
  });

  test('an indirect list counts where the certificate names its issuer, and that issuer stands below the same anchor', () => {
    const clerk = makeCertificate({ issuer: ca, subject: [['CN', 'Clerk']], keyUsage: ['cRLSign'] });
    const of = makeLeaf({ issuer: ca, extensions: [pointOf(tlv(0x30, tlv(0xa2, tlv(0xa4, clerk.certificate.subjectDer))))] });
    const indirect = (issuer: TestCertificate, entries: OddList['entries'] = []) =>
      list({ issuer, entries, extensions: [scope(tlv(0x84, Buffer.of(0xff)))] });
    const entry = {
      serialHex: of.certificate.serialHex,
      extensions: [extensionOf(listOids.entryIssuer, tlv(0x30, tlv(0xa4, ca.certificate.subjectDer)), true)],
    };
    const stored = [clerk.certificate];
    const own = list();
    assert.equal(verdictOf({ of, stored, crls: [indirect(clerk), own] }), 'accepted');
    assert.equal(verdictOf({ of, stored, crls: [indirect(clerk, [entry]), own] }), 'certificate-revoked');
    assert.equal(verdictOf({ of, crls: [indirect(clerk, [entry])] }), 'revocation-unknown', 'nobody knows the signer');
    const stranger = makeCertificate({ subject: [['CN', 'Clerk']], keyUsage: ['cRLSign'] });
    assert.equal(verdictOf({ of, stored: [stranger.certificate], crls: [indirect(stranger)] }), 'revocation-unknown');
    const late = makeCertificate({
      issuer: ca,
      subject: [['CN', 'Clerk']],
      keyUsage: ['cRLSign'],
      notAfter: plus(testNow, -1_000),
    });
    assert.equal(
      verdictOf({ of, stored: [late.certificate], crls: [indirect(late), own] }),
      'accepted',
      'its own CA’s list covers all reasons',
    );
    assert.equal(verdictOf({ of, stored: [late.certificate], crls: [indirect(late, [entry])] }), 'revocation-unknown');
  });

  test('an anchor that ended refuses before any list is asked', () => {
    const ended = makeCa({ name: 'Ended', notAfter: plus(testNow, -1_000) });
    const below = makeLeaf({ issuer: ended });
    assert.equal(verdictOf({ of: below, anchors: [ended.certificate], crls: [list({ issuer: ended })] }), 'issuer-expired');
  });

  test('hundreds of distribution points and hundreds of lists end soon, and in a refusal', () => {
    const points = Array.from({ length: 300 }, (_, index) => uriPoint(`http://a/${index}`));
    const of = makeLeaf({ issuer: ca, extensions: [pointOf(...points)] });
    const crls = Array.from({ length: 300 }, (_, index) => list({ extensions: [scope(uriScope(`http://b/${index}`))] }));
    const time = startProcessorTime();
    assert.equal(verdictOf({ of, crls }), 'revocation-unknown');
    const bad = makeCa();
    assert.equal(verdictOf({ of, crls: Array.from({ length: 300 }, () => list({ issuer: bad })) }), 'revocation-unknown');
    assert.ok(time() < 1_000, `${time()} ms`);
  });
});
