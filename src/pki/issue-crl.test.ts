import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { dayMs, minuteMs, plus } from '#base/instant.ts';
import { makeDailyLeaf, makeOriginalTenantCa, makeSphereAuthorities, testNow } from '#test/support/certificates.ts';
import { buildChain } from './chain.ts';
import { entryKey, parseCrl } from './crl.ts';
import { type CrlEntry, issueCrl } from './issue-crl.ts';
import { toPem } from './pem.ts';

const { tenant } = await makeSphereAuthorities();
const { leaf } = await makeDailyLeaf(tenant);

function listOf(entries: readonly CrlEntry[], number = 1n, now = testNow, issuer = tenant): Buffer {
  return issueCrl({ issuer, number, entries, now });
}

function statusOf(entries: readonly CrlEntry[], at = testNow) {
  const result = buildChain({
    leaf: leaf.certificate,
    presented: [],
    anchors: [tenant.certificate],
    crls: [parseCrl(listOf(entries))],
    at,
  });
  return result.ok ? 'good' : result.reason;
}

const held = { serialHex: leaf.certificate.serialHex, at: testNow, reason: 'certificateHold' } as const;

describe('issueCrl', () => {
  test('a listed certificate is revoked by our own path validation, and one that is not listed is good', () => {
    assert.equal(statusOf([held]), 'certificate-revoked');
    assert.equal(statusOf([{ ...held, reason: 'privilegeWithdrawn' }]), 'certificate-revoked');
    assert.equal(statusOf([]), 'good');
    assert.equal(statusOf([{ ...held, serialHex: '01' }]), 'good');
  });

  test('a list is good from five minutes before it was made until a week after, and then says nothing any more', () => {
    const crl = parseCrl(listOf([]));
    assert.equal(crl.thisUpdate, plus(testNow, -5 * minuteMs));
    assert.equal(crl.nextUpdate, plus(testNow, 7 * dayMs));
    assert.equal(statusOf([], plus(testNow, -6 * minuteMs)), 'revocation-unknown');
  });

  test('OpenSSL verifies the signature and reads issuer, number, serial numbers and reasons', () => {
    const entries = [held, { serialHex: '0080', at: testNow, reason: 'privilegeWithdrawn' } as const];
    const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
      input: listOf(entries, 300n),
      encoding: 'utf8',
    });
    assert.match(text, /Version 2/);
    assert.match(text, /X509v3 CRL Number:\s+300/);
    assert.match(text, /X509v3 Authority Key Identifier:\s+keyid|X509v3 Authority Key Identifier:\s+[0-9A-F:]{59}/);
    assert.match(text, new RegExp(`Serial Number: ${leaf.certificate.serialHex}[\\s\\S]*Certificate Hold`));
    assert.match(text, /Serial Number: 80[\s\S]*Privilege Withdrawn/);
    const line = `cat >crl.der; openssl crl -inform DER -in crl.der -noout -CAfile ca.pem 2>&1`;
    const script = `d=$(mktemp -d) && cd "$d" && cat <<'PEM' >ca.pem\n${toPem('CERTIFICATE', tenant.certificate.der)}\nPEM\n${line}; rm -r "$d"`;
    assert.match(execFileSync('bash', ['-c', script], { input: listOf(entries), encoding: 'utf8' }), /verify OK/);
  });

  test('numbers grow beyond what a JavaScript number holds, and keep their sign', () => {
    for (const number of [1n, 127n, 128n, 255n, 256n, 2n ** 53n + 1n, 2n ** 63n]) {
      assert.equal(parseCrl(listOf([], number)).number, number);
    }
  });

  test('an issuer without a subject key id is named by its key', () => {
    const original = makeOriginalTenantCa();
    const crl = parseCrl(listOf([held], 1n, testNow, original));
    assert.match(crl.authorityKeyId ?? '', /^[0-9a-f]{40}$/);
    assert.ok(crl.entries.has(entryKey(original.certificate.subjectKey, leaf.certificate.serialHex)));
  });
});
