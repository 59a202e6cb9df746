import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBlobPath, parseBlobName, parseBlobPath } from './blob-name.ts';

const names: [sent: string, kept: string | undefined][] = [
  ['dev1/f.txt', 'dev1/f.txt'],
  ['dev1/F.txt', 'dev1/F.txt'],
  ['dev1/漢字 🦀+%25', 'dev1/漢字 🦀+%25'],
  ['a\\b', 'a/b'],
  ['x'.repeat(1024), 'x'.repeat(1024)],
  ['...', '...'],
  ['CON', 'CON'],
  ['f.txt:stream', 'f.txt:stream'],
  ['', undefined],
  ['x'.repeat(1025), undefined],
  ['.', undefined],
  ['..', undefined],
  ['../../etc/passwd', undefined],
  ['dev1/../dev2/f', undefined],
  ['dev1\\..\\dev2', undefined],
  ['/etc/passwd', undefined],
  ['dev1//f', undefined],
  ['dev1/', undefined],
  ['a\0b', undefined],
  ['a\nb', undefined],
  ['a\u0085b', undefined],
  ['a\ud800', undefined],
  ['a\uffff', undefined],
];
for (const [sent, kept] of names) {
  test(`the name ${JSON.stringify(sent.slice(0, 40))} of ${sent.length} is ${kept === undefined ? 'none' : 'kept'}`, () => {
    assert.equal(parseBlobName(sent), kept);
    if (kept !== undefined)
      assert.deepEqual(parseBlobPath(formatBlobPath({ container: 'abc', name: kept })), { container: 'abc', name: kept });
  });
}

const paths: [path: string, name: string | undefined][] = [
  ['/abc/dev1%2ff.txt', 'dev1/f.txt'],
  ['/abc/dev1/f.txt', 'dev1/f.txt'],
  ['/abc/a%2525', 'a%25'],
  ['/abc/..%2f..%2fetc', undefined],
  ['/abc/%2e%2e/x', undefined],
  ['/abc/%5c..%5cx', undefined],
  ['/abc/%00', undefined],
  ['/abc/%ff', undefined],
  ['/abc/%', undefined],
  ['/abc/', undefined],
  ['/abc', undefined],
  ['abc/f', undefined],
  ['/ab/f', undefined],
  ['/ABC/f', undefined],
  ['/%61bc/f', undefined],
  ['/../abc/f', undefined],
];
for (const [path, name] of paths) {
  test(`the path ${path} names ${name ?? 'no blob'}`, () => {
    assert.deepEqual(parseBlobPath(path), name === undefined ? undefined : { container: 'abc', name });
  });
}
