import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { describe, test } from 'node:test';
import { makeCa, makeLeaf, type OddRequest, rsaKey, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { oidOf, tlv } from '#test/support/der.ts';
import { startProcessorTime } from '#test/support/processor-time.ts';
import { parseCertificate } from './certificate.ts';
import { buildChain, presentedMax } from './chain.ts';
import { makeExtension } from './issue.ts';
import { generateEcKey } from './key.ts';
import { encodeName } from './names.ts';

const root = makeCa({ name: 'Root' });
const many = (count: number, make: (index: number) => Buffer) => Array.from({ length: count }, (_, index) => make(index));
const host = (text: string) => tlv(0x82, text);
const resource = (text: string) => tlv(0x86, text);
const altNames = (...names: Buffer[]) => makeExtension('2.5.29.17', tlv(0x30, ...names));
const excluded = (...names: Buffer[]) =>
  makeExtension('2.5.29.30', tlv(0x30, tlv(0xa1, ...names.map((name) => tlv(0x30, name)))), true);
const policies = (count: number) => makeExtension('2.5.29.32', tlv(0x30, ...many(count, (index) => tlv(0x30, oidOf(index).der))));

/** CAs of one name and key, so that each is an issuer of each; the first one stands below the root. */
function tangle(extensions: NonNullable<OddRequest['extensions']>): TestCertificate[] {
  const key = generateEcKey('P-256');
  const issuerDer = encodeName([['CN', 'Tangle']]);
  const first = makeCa({ name: 'Tangle', key, issuer: root, extensions });
  return [first, ...Array.from({ length: presentedMax - 1 }, () => makeCa({ name: 'Tangle', key, issuerDer, extensions }))];
}

/** What a peer may show, judged with the hub's bound on intermediates and with the command's. */
function judgeSoon(
  leafExtensions: NonNullable<OddRequest['extensions']>,
  caExtensions: NonNullable<OddRequest['extensions']>,
): Set<string> {
  const authorities = tangle(caExtensions);
  const leaf = makeLeaf({ issuer: authorities[0] as TestCertificate, extensions: leafExtensions });
  const shown = [leaf, ...authorities].map(({ der }) => der);
  const verdicts = new Set<string>();
  for (const intermediatesMax of [2, 10]) {
    const time = startProcessorTime();
    const [first, ...presented] = shown.map(parseCertificate);
    assert.ok(first);
    const result = buildChain({ leaf: first, presented, anchors: [root.certificate], at: testNow, intermediatesMax });
    const ms = time();
    assert.ok(ms < 1_000, `${ms} ms`);
    verdicts.add(result.ok ? 'accepted' : result.reason);
  }
  return verdicts;
}

describe('what ten certificates may cost', () => {
  test('names times constraints', () => {
    const constraints = excluded(...many(500, (index) => host(`x${index}.y`)));
    assert.deepEqual(
      judgeSoon([altNames(...many(900, (index) => host(`a${index}.b`)))], [constraints]),
      new Set(['name-not-permitted']),
    );
  });

  test('names as long as their certificate, compared with many constraints', () => {
    const constraints = excluded(...many(900, (index) => resource(`b${index}.y`)));
    for (const text of [
      `http://${'a'.repeat(14_000)}.x/`,
      `http://${'@'.repeat(14_000)}`,
      `http://${'a.'.repeat(7_000)}`,
      `http://${'a:'.repeat(7_000)}`,
    ]) {
      assert.deepEqual(judgeSoon([altNames(resource(text))], [constraints]), new Set(['name-not-permitted']));
    }
  });

  test('policies and mappings that multiply', () => {
    const pairs = many(600, (index) => tlv(0x30, oidOf(index % 25).der, oidOf(100 + Math.floor(index / 25)).der));
    const mappings = makeExtension('2.5.29.33', tlv(0x30, ...pairs), true);
    const demand = makeExtension('2.5.29.36', tlv(0x30, tlv(0x80, Buffer.of(0))), true);
    judgeSoon([policies(490)], [policies(200), mappings, demand]);
    assert.deepEqual(judgeSoon([policies(600)], [policies(600)]), new Set(['policy-missing']));
  });

  test('verified CAs of one name and key, each with constraints of its own', () => {
    const key = generateEcKey('P-256');
    const extensions = [excluded(...many(700, (index) => host(`x${index}.y`)))];
    const anchors = Array.from({ length: 40 }, () => makeCa({ name: 'Many', key, extensions }));
    const leaf = makeLeaf({
      issuer: anchors[0] as TestCertificate,
      extensions: [altNames(...many(900, (index) => host(`a${index}.b`)))],
    });
    const time = startProcessorTime();
    const result = buildChain({
      leaf: leaf.certificate,
      presented: [],
      anchors: anchors.map(({ certificate }) => certificate),
      at: testNow,
    });
    assert.ok(!result.ok && result.reason === 'name-not-permitted');
    assert.ok(time() < 1_000);
  });

  test('RSA keys whose exponent makes each verification dear, or means nothing, are none of a CA', () => {
    const { privateKey, publicKey } = rsaKey(2048);
    const { n = '' } = publicKey.export({ format: 'jwk' });
    const exponents: [e: Buffer, verdict: string][] = [
      [Buffer.of(1), 'certificate-too-weak'],
      [Buffer.alloc(255, 0x7f), 'certificate-too-weak'],
      [Buffer.of(1, 0, 0, 0, 1), 'certificate-too-weak'],
      [Buffer.of(1, 0, 1), 'accepted'],
    ];
    for (const [e, verdict] of exponents) {
      const odd = createPublicKey({ key: { kty: 'RSA', n, e: e.toString('base64url') }, format: 'jwk' });
      const ca = makeCa({ name: 'Dear', issuer: root, key: { privateKey, publicKey: odd } });
      const leaf = makeLeaf({ issuer: ca });
      const result = buildChain({
        leaf: leaf.certificate,
        presented: [ca.certificate],
        anchors: [root.certificate],
        at: testNow,
      });
      assert.equal(result.ok ? 'accepted' : result.reason, verdict, e.toString('hex'));
    }
  });
});
