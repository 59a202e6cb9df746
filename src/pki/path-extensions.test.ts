import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { makeCertificate } from '#test/support/certificates.ts';
import { tlv } from '#test/support/der.ts';
import type { Certificate } from './certificate.ts';
import { makeExtension } from './issue.ts';
import { encodeName } from './names.ts';

const read = (oid: string, value: Buffer): Certificate =>
  makeCertificate({ extensions: [makeExtension(oid, value)] }).certificate;
const oid = (hex: string) => tlv(0x06, Buffer.from(hex, 'hex'));
const oids = {
  altNames: '2.5.29.17',
  constraints: '2.5.29.30',
  points: '2.5.29.31',
  policies: '2.5.29.32',
  mappings: '2.5.29.33',
  demands: '2.5.29.36',
  inhibit: '2.5.29.54',
};

describe('the extensions of path validation', () => {
  test('counts of certificates: with bytes they do not need, beyond any path, and negative', () => {
    const inhibit = (...bytes: number[]) => read(oids.inhibit, tlv(0x02, Buffer.of(...bytes))).inhibitAnyPolicy;
    assert.deepEqual([inhibit(0), inhibit(3), inhibit(0, 0, 0, 0, 0, 0), inhibit(0, 0, 0, 0, 0, 2)], [0, 3, 0, 2]);
    assert.equal(inhibit(0x7f, 0xff, 0xff, 0xff, 0xff), 1_000);
    assert.equal(inhibit(0x00, 0xff, 0xff, 0xff, 0xff), 1_000);
    assert.throws(() => inhibit(0xff), /2\.5\.29\.54 cannot be read/);
    assert.throws(() => inhibit(), /cannot be read/);
    const demands = (...fields: Buffer[]) => read(oids.demands, tlv(0x30, ...fields)).policyConstraints;
    assert.deepEqual(demands(tlv(0x80, Buffer.of(1)), tlv(0x81, Buffer.of(2))), {
      requireExplicitPolicy: 1,
      inhibitPolicyMapping: 2,
    });
    assert.deepEqual(demands(tlv(0x81, Buffer.of(0))), { inhibitPolicyMapping: 0 });
    assert.deepEqual(demands(), {});
    assert.throws(() => demands(tlv(0x80, Buffer.of(0x80))), /cannot be read/);
    assert.throws(() => demands(tlv(0x82, Buffer.of(1))), /cannot be read/);
  });

  test('policies and mappings, qualifiers passed over', () => {
    assert.deepEqual(
      read(oids.policies, tlv(0x30, tlv(0x30, oid('2a0304')), tlv(0x30, oid('551d2000'), tlv(0x30, tlv(0x0c, 'x'))))).policies,
      ['1.2.3.4', '2.5.29.32.0'],
    );
    assert.deepEqual(read(oids.mappings, tlv(0x30, tlv(0x30, oid('2a03'), oid('2a04')))).policyMappings, [['1.2.3', '1.2.4']]);
    assert.throws(() => read(oids.mappings, tlv(0x30, tlv(0x30, oid('2a03')))), /cannot be read/);
    assert.throws(() => read(oids.mappings, tlv(0x30, tlv(0x30, oid('2a03'), oid('2a04'), oid('2a05')))), /cannot be read/);
  });

  test('distribution points: full names, a part below the issuer, reasons, another issuer', () => {
    const points = (...all: Buffer[]) => read(oids.points, tlv(0x30, ...all)).distributionPoints;
    const part = tlv(0x30, oid('550403'), tlv(0x0c, 'P'));
    assert.deepEqual(points(tlv(0x30, tlv(0xa0, tlv(0xa1, part)), tlv(0x81, Buffer.of(5, 0x60)))), [
      { name: { belowIssuer: '2.5.4.3=sp' }, reasons: 0b110 },
    ]);
    assert.deepEqual(points(tlv(0x30, tlv(0xa2, tlv(0xa4, encodeName([['CN', 'X']]))))), [
      { crlIssuer: [{ kind: 'directory', rdns: ['2.5.4.3=sx'] }] },
    ]);
    assert.deepEqual(points(tlv(0x30)), [{}]);
    for (const bad of [tlv(0x30, tlv(0xa0)), tlv(0x30, tlv(0x81)), tlv(0x30, tlv(0xa5)), tlv(0x31)])
      assert.throws(() => points(bad), /cannot be read/);
  });

  test('constraints and names: none in them, and what is none', () => {
    assert.deepEqual(read(oids.constraints, tlv(0x30)).nameConstraints, { permitted: [], excluded: [] });
    assert.deepEqual(read(oids.altNames, tlv(0x30)).subjectAltNames, []);
    for (const bad of [
      tlv(0x30, tlv(0xa2)),
      tlv(0x30, tlv(0xa0, tlv(0x31))),
      tlv(0x30, tlv(0xa0, tlv(0x30))),
      tlv(0x02, Buffer.of(1)),
    ]) {
      assert.throws(() => read(oids.constraints, bad), /2\.5\.29\.30 cannot be read/);
    }
    assert.throws(() => read(oids.altNames, tlv(0x30, tlv(0x89))), /2\.5\.29\.17 cannot be read/);
  });

  test('two names that only a separator tells apart have two keys', () => {
    const one = makeCertificate({ subject: [['CN', 'a\u00002.5.4.10=sb']] }).certificate;
    const other = makeCertificate({
      subject: [
        ['CN', 'a'],
        ['O', 'b'],
      ],
    }).certificate;
    assert.notEqual(one.subjectKey, other.subjectKey);
    const escaped = makeCertificate({ subject: [['CN', 'a\\02.5.4.10=sb']] }).certificate;
    assert.notEqual(escaped.subjectKey, one.subjectKey);
  });
});
