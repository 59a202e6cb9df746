import assert from 'node:assert/strict';
import { test } from 'node:test';
import { constantTimeEqual, ownCopy, parseBase64, sha1Thumbprint, sha256, sha256Hex } from './bytes.ts';

test('secrets are equal when every byte is, whatever their lengths', () => {
  assert.ok(constantTimeEqual('same', 'same'));
  assert.ok(constantTimeEqual('same', Buffer.from('same')));
  assert.ok(constantTimeEqual('', ''));
  for (const [a, b] of [
    ['a', 'b'],
    ['a', 'aa'],
    ['', 'a'],
    ['same', 'Same'],
    ['a', 'a\u0000'],
  ] as const)
    assert.ok(!constantTimeEqual(a, b), JSON.stringify([a, b]));
});

test('hashes are the published ones, thumbprints in the cloud’s letters', () => {
  assert.equal(sha256Hex('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(sha256('abc').toString('hex'), sha256Hex(Buffer.from('abc')));
  assert.equal(sha1Thumbprint(Buffer.from('abc')), 'A9993E364706816ABA3E25717850C26C9CD0D89D');
});

test('base64 is read with and without padding and white space, and nothing else is', () => {
  for (const text of ['aGVsbG8=', 'aGVsbG8', ' aGVs\r\nbG8= ']) assert.equal(parseBase64(text)?.toString(), 'hello');
  assert.equal(parseBase64('')?.length, 0);
  for (const text of ['aGVsb', 'a', '====', 'aGV-bG8', 'aGV_bG8', 'aGVs!', 'aG=Vs', 'äöü='])
    assert.equal(parseBase64(text), undefined, text);
});

test('a copy of one’s own is the same bytes in memory that nothing else is in', () => {
  const bytes = Buffer.from('kept');
  const copy = ownCopy(bytes);
  bytes.fill(0);
  assert.equal(copy.toString(), 'kept');
  assert.equal(copy.buffer.byteLength, 4);
});
