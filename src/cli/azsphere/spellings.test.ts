import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modernize } from './spellings.ts';
import { unsupportedCommand } from './unsupported.ts';

const modern = (line: string) => modernize(line.split(' ')).words.join(' ');

describe('spellings', () => {
  test('each generation of a certificate command comes to the same words', () => {
    const now = 'ca-certificate download-proof --destination F.cer --verification-code X';
    assert.equal(modern(now), now);
    assert.equal(modern('ca-certificate download-proof --destination-file F.cer --verificationcode X'), now);
    assert.equal(modern('ca download-proof --DestinationFile F.cer --VerificationCode X'), now);
    assert.equal(modern('CA-Certificate Download-Proof'), 'ca-certificate download-proof');
  });

  test('commands that moved are found at their new place, with a warning that names it', () => {
    const moved = modernize('tenant download-CA-certificate --output F.cer'.split(' '));
    assert.equal(moved.words.join(' '), 'ca-certificate download --output F.cer');
    assert.deepEqual(moved.warnings, [
      "'azsphere tenant download-ca-certificate' is obsolete. Use 'azsphere ca-certificate download'.",
    ]);
    assert.equal(modern('tenant download-CA-certificate-chain --output F.p7b'), 'ca-certificate download-chain --output F.p7b');
    assert.equal(modern('tenant download-validation-certificate --output F.cer'), 'ca-certificate download-proof --output F.cer');
    assert.deepEqual(modernize(['tenant', 'list']).warnings, []);
  });

  test('abbreviations stand for their words', () => {
    assert.equal(modern('dev show-attached'), 'device show-attached');
    assert.equal(modern('prd list'), 'product list');
    assert.equal(modern('dev ect'), 'device enable-cloud-test');
    assert.equal(modern('img add --image F'), 'image add --image F');
  });

  test('-i means the tenant only where it did', () => {
    assert.equal(modern('tenant select -i 143adbc9'), 'tenant select --tenant 143adbc9');
    assert.equal(modern('tenant select --tenantid=143adbc9'), 'tenant select --tenant=143adbc9');
    assert.equal(modern('image show -i X'), 'image show -i X');
  });

  test('values are never touched', () => {
    assert.equal(modern('ca-certificate download --output DEV'), 'ca-certificate download --output DEV');
    assert.equal(modern('tenant select --tenant Dev'), 'tenant select --tenant Dev');
  });

  test('nothing is still nothing', () => {
    assert.deepEqual(modernize([]), { words: [], warnings: [] });
    assert.deepEqual(modernize(['--help']).words, ['--help']);
  });

  test('commands that are known by name only are found whatever follows them', () => {
    assert.equal(unsupportedCommand(['device', 'wifi', 'add', '--ssid', 'x']), 'device wifi add');
    assert.equal(unsupportedCommand(['DEVICE', 'Recover']), 'device recover');
    assert.equal(unsupportedCommand(['device', 'claim']), undefined);
    assert.equal(unsupportedCommand(['tenant']), undefined);
  });
});
