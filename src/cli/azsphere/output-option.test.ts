import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CommandFailure } from '#cli/kit/failure.ts';
import { parseGeneration, resolveOutput } from './output-option.ts';

type Given = Parameters<typeof resolveOutput>[0];
const resolve = (given: Partial<Given>) =>
  resolveOutput({ output: undefined, destination: undefined, writesFile: true, generation: 'auto', ...given });
const usage = (error: unknown) => error instanceof CommandFailure && error.exit === 'usage';

describe('--output', () => {
  test('sphere 15: json is a format, not a file named json', () => {
    assert.deepEqual(resolve({ output: 'json' }), { format: 'json', warnings: [] });
    assert.deepEqual(resolve({ output: 'JSONC' }), { format: 'jsonc', warnings: [] });
  });

  test('a file that is really named json needs ./json or --destination', () => {
    assert.equal(resolve({ output: './json' }).path, './json');
    assert.equal(resolve({ destination: 'json' }).path, 'json');
  });

  test('anything else is a file on commands that write one, and the warning names --destination', () => {
    const resolved = resolve({ output: 'CAcertificate.cer' });
    assert.equal(resolved.path, 'CAcertificate.cer');
    assert.match(resolved.warnings.join(), /--destination/);
  });

  test('file and format can be given together', () => {
    assert.deepEqual(resolve({ output: 'json', destination: 'F.cer' }), { format: 'json', path: 'F.cer', warnings: [] });
  });

  test('two files are refused', () => {
    assert.throws(() => resolve({ output: 'A.cer', destination: 'B.cer' }), usage);
  });

  test('on other commands an unknown format is refused', () => {
    assert.throws(() => resolve({ output: 'F.cer', writesFile: false }), usage);
    assert.throws(() => resolve({ output: '', writesFile: false }), usage);
  });

  test('the forced generations read it their way only', () => {
    assert.throws(() => resolve({ output: 'F.cer', generation: 'v2' }), usage);
    assert.deepEqual(resolve({ output: 'json', generation: 'classic' }), { path: 'json', warnings: [] });
    assert.deepEqual(resolve({ output: 'F.cer', generation: 'classic' }), { path: 'F.cer', warnings: [] });
  });

  test('HOMEPORT_AZSPHERE_CLI has three values', () => {
    assert.equal(parseGeneration(undefined), 'auto');
    assert.equal(parseGeneration('classic'), 'classic');
    assert.throws(() => parseGeneration('v3'), usage);
  });
});
