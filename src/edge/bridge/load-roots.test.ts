import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeCa } from '#test/support/certificates.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import { loadRoots } from './load-roots.ts';

test('roots are read from a file, or from a directory under whatever names, each once', async (t) => {
  const directory = temporaryDirectory(t);
  const [one, two] = [makeCa({ name: 'One' }).pem.trim(), makeCa({ name: 'Two' }).pem.trim()];
  writeFileSync(join(directory, 'bundle.crt'), `# both\n${one}\n${two}\n`);
  mkdirSync(join(directory, 'inner'));
  writeFileSync(join(directory, 'inner', 'two.txt'), two);
  symlinkSync('bundle.crt', join(directory, 'link'));
  symlinkSync('/nowhere/at/all', join(directory, 'broken'));
  symlinkSync('.', join(directory, 'round'));
  writeFileSync(join(directory, 'README'), 'no certificate');
  assert.deepEqual(await loadRoots(join(directory, 'bundle.crt')), [one, two]);
  assert.deepEqual((await loadRoots(directory)).sort(), [one, two].sort());
  await assert.rejects(loadRoots(join(directory, 'README')), { code: 'certificate-invalid' });
  await assert.rejects(loadRoots(join(directory, 'none')), { code: 'not-found' });
});
