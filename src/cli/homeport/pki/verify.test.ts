import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeCa, makeLeaf, makeOriginalProof, makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { makeList } from '#test/support/odd-list.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory, testTerminal } from '#test/support/test-terminal.ts';
import { CommandFailure, exitCodeOf, formatFailure } from '../../kit/failure.ts';
import { runProgram } from '../../kit/run-program.ts';
import { homeportProgram } from '../program.ts';

const root = makeCa({ name: 'Root' });
const line = makeCa({ name: 'Line', issuer: root });
const leaf = makeLeaf({ issuer: line });
const files: Readonly<Record<string, Buffer | string>> = {
  'root.pem': root.pem,
  'root.der': root.der,
  'line.pem': line.pem,
  'leaf.pem': leaf.pem,
  'chain.pem': leaf.pem + line.pem,
  'both.der': Buffer.concat([line.der, root.der]),
  'direct.pem': makeLeaf({ issuer: root }).pem,
  'self.pem': makeSelfSigned('self').pem,
  'proof.pem': makeOriginalProof(root, 'code').pem,
  'late.pem': makeLeaf({ issuer: root, notBefore: plus(testNow, -2 * dayMs), notAfter: plus(testNow, -hourMs) }).pem,
  'root.crl': makeList({ issuer: root }),
  'line.crl': makeList({ issuer: line, entries: [{ serialHex: leaf.certificate.serialHex }] }),
  'clean.crl': makeList({ issuer: line }),
  'many.pem': Array.from({ length: 11 }, (_, index) => makeCa({ name: `Other ${index}` }).pem).join('') + line.pem,
  'noise.bin': Buffer.alloc(100, 7),
  'empty.pem': '',
};

/** The command as typed in a folder with these files. */
async function typed(t: { after(fn: () => void): void }, line: string) {
  const folder = temporaryDirectory(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const terminal = testTerminal({ workingDirectory: folder });
  try {
    await runProgram(homeportProgram('0'), ['pki', 'verify', ...line.split(' ')], { terminal, platform: testPlatform() });
    return { code: 0, out: terminal.output.join('\n'), err: terminal.errors.join('\n') };
  } catch (error) {
    assert.ok(error instanceof CommandFailure, String(error));
    const said = formatFailure(error, { isDebug: false });
    return { code: exitCodeOf(error), out: terminal.output.join('\n'), err: [...terminal.errors, ...said].join('\n') };
  }
}

const rows: readonly [line: string, code: number, says: RegExp][] = [
  [
    '--trust root.pem --untrusted line.pem --leaf leaf.pem',
    0,
    /^Valid\. The path, leaf first:\n {2}0 {2}CN=device-1 {2}until .*\n {2}1 {2}CN=Line .*\n {2}2 {2}CN=Root/,
  ],
  ['--trust root.der --untrusted both.der --leaf chain.pem', 0, /CN=Root/],
  ['--trust line.pem --leaf leaf.pem', 0, /1 {2}CN=Line/],
  ['--trust root.pem --trust line.pem --leaf direct.pem', 0, /1 {2}CN=Root/],
  ['--trust root.pem --leaf leaf.pem', 1, /Refused: issuer-unknown\.\n {2}No verified CA is named CN=Line/],
  ['--trust root.pem --leaf late.pem', 1, /Refused: certificate-expired/],
  ['--trust root.pem --leaf late.pem --time 2026-05-31T23:00:00Z', 0, /Valid/],
  ['--trust root.pem --leaf direct.pem --time 2036-05-31T00:00:00Z', 1, /Refused: issuer-expired/],
  ['--trust self.pem --leaf self.pem', 1, /Refused: leaf-is-ca/],
  ['--trust root.pem --leaf proof.pem', 1, /Refused: leaf-purpose\.\n {2}This certificate proves possession/],
  ['--trust root.pem --leaf line.pem', 1, /Refused: leaf-is-ca/],
  ['--trust root.pem --leaf line.pem --purpose any', 0, /Valid/],
  ['--trust root.pem --untrusted line.pem --leaf leaf.pem --intermediates 0', 1, /Refused: path-too-long/],
  ['--trust root.pem --untrusted line.pem --leaf leaf.pem --crl root.crl --crl clean.crl', 0, /Valid/],
  [
    '--trust root.pem --untrusted line.pem --leaf leaf.pem --crl root.crl --crl line.crl',
    1,
    /Refused: certificate-revoked\.\n {2}CN=device-1 was revoked at/,
  ],
  ['--trust root.pem --untrusted line.pem --leaf leaf.pem --crl root.crl', 1, /Refused: revocation-unknown/],
  [
    '--trust root.pem --untrusted many.pem --leaf leaf.pem',
    1,
    /warning: 12 certificates beside the leaf; a peer’s first 9 count/,
  ],
];

describe('homeport pki verify', () => {
  for (const [line, code, says] of rows) {
    test(line, async (t) => {
      const result = await typed(t, line);
      assert.equal(result.code, code, result.out + result.err);
      assert.match(result.out + result.err, says);
    });
  }

  const wrong: readonly [line: string, code: number, says: RegExp][] = [
    ['--trust root.pem', 2, /pki verify needs --leaf/],
    ['--leaf leaf.pem', 2, /pki verify needs --trust/],
    ['--trust root.pem --leaf none.pem', 1, /none\.pem could not be read\.\n {2}ENOENT/],
    [
      '--trust empty.pem --leaf leaf.pem',
      1,
      /empty\.pem could not be read\.\n {2}The file cannot be used: it holds no certificate/,
    ],
    ['--trust noise.bin --leaf leaf.pem', 1, /noise\.bin could not be read\.\n {2}This is not well-formed DER/],
    ['--trust root.pem --leaf noise.bin', 1, /Refused: certificate-malformed/],
    [
      '--trust root.pem --leaf leaf.pem --crl root.pem',
      1,
      /root\.pem could not be read\.\n {2}The file cannot be used: it holds no revocation list/,
    ],
    [
      '--trust root.pem --leaf leaf.pem --crl root.der',
      1,
      /root\.der could not be read\.\n {2}The certificate revocation list is malformed/,
    ],
    ['--trust root.crl --leaf leaf.pem', 1, /root\.crl could not be read\.\n {2}The certificate is malformed/],
    ['--trust root.pem --leaf leaf.pem --time yesterday', 2, /--time yesterday is no instant\.\n {2}Write it like/],
    ['--trust root.pem --leaf leaf.pem --purpose server', 2, /--purpose server is not one\.\n {2}Choose client or any/],
    ['--trust root.pem --leaf leaf.pem --intermediates -1', 2, /whole number from 0 to 100/],
    ['--trust root.pem --leaf leaf.pem --intermediates many', 2, /whole number from 0 to 100/],
    ['--trust root.pem --lef leaf.pem', 2, /--leaf/],
    ['--trust root.pem --leaf leaf.pem more', 2, /one argument too many/],
  ];
  for (const [line, code, says] of wrong) {
    test(`wrong: ${line}`, async (t) => {
      const result = await typed(t, line);
      assert.equal(result.code, code, result.out + result.err);
      assert.match(result.err, says);
      assert.equal(result.out.includes('Valid'), false);
    });
  }

  test('--json gives the path or the reason, with every step, for programs', async (t) => {
    const good = await typed(t, '--trust root.pem --untrusted line.pem --leaf leaf.pem --json');
    const answer = JSON.parse(good.out);
    assert.equal(answer.ok, true);
    assert.deepEqual(
      answer.chain.map(({ sha256 }: { sha256: string }) => sha256),
      [leaf, line, root].map(({ certificate }) => certificate.sha256Thumbprint),
    );
    const bad = await typed(t, '--trust root.pem --leaf leaf.pem --json');
    assert.equal(bad.code, 1);
    const { ok, reason, detail, chain, trace } = JSON.parse(bad.out);
    assert.deepEqual([ok, reason, chain], [false, 'issuer-unknown', []]);
    assert.ok(detail.includes('CN=Line') && trace.at(-1).check === 'issuer-unknown');
  });
});
