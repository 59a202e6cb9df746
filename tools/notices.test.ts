import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { runtimePackages } from './lockfile.ts';
import { checkLicences, isAllowedLicence, renderNotices, type ThirdParty } from './notice-rules.ts';
import { checkNotices, thirdParties } from './notices.ts';
import { repository } from './run.ts';

const made = (changes: Partial<ThirdParty> = {}): ThirdParty => ({
  name: 'a',
  version: '1.0.0',
  licence: 'MIT',
  author: undefined,
  texts: ['Be kind.'],
  ...changes,
});

describe('third-party notices', () => {
  test('the page is current, and every licence is on the list; otherwise run npm run notices', () => {
    assert.deepEqual(checkNotices(), []);
  });

  test('the page names what the server needs and what the web app bundles, and no tool of the tests', () => {
    const text = readFileSync(join(repository, 'THIRD-PARTY-NOTICES.md'), 'utf8');
    for (const name of ['fastify', 'pino', 'kysely', 'react', '@fluentui/react-components', 'uplot', 'rolldown'])
      assert.match(text, new RegExp(`^\\| ${name} \\|`, 'm'));
    for (const name of ['node', 'playwright-core', 'azure-iothub', 'typescript'])
      assert.doesNotMatch(text, new RegExp(`^\\| ${name} \\|`, 'm'));
    const names = thirdParties().map(({ name, version }) => `${name} ${version}`);
    assert.equal(new Set(names).size, names.length);
  });

  test('of alternative licences one must be allowed, of joined ones all, and anything else is refused', () => {
    for (const licence of ['MIT', '0BSD', '(MIT OR GPL-3.0-only)', 'GPL-3.0-only OR Apache-2.0', 'MIT AND ISC', '(MIT AND ISC)'])
      assert.ok(isAllowedLicence(licence), licence);
    const refused = [
      '',
      'GPL-3.0-only',
      'AGPL-3.0-or-later',
      'MIT AND GPL-2.0-only',
      'SEE LICENSE IN LICENSE',
      'UNLICENSED',
      'mit',
      'MITX',
    ];
    for (const licence of [...refused, '(MIT OR ISC) AND GPL-2.0-only', 'GPL-2.0-only AND (X OR MIT OR Y)'])
      assert.ok(!isAllowedLicence(licence), licence);
    assert.deepEqual(checkLicences([made(), made({ name: 'b', licence: 'SSPL-1.0' }), made({ name: 'c', licence: '' })]), [
      'b 1.0.0 is under SSPL-1.0, which tools/notice-rules.ts does not list',
      'c 1.0.0 is under no licence, which tools/notice-rules.ts does not list',
    ]);
  });

  test('the same text stands once with everybody who carries it; who carries none is named with the author', () => {
    const page = renderNotices([
      made(),
      made({ name: 'b', texts: ['\uFEFFBe kind.  \r\n'] }),
      made({ name: 'c', texts: ['```\nBe quick.'] }),
      made({ name: 'd', texts: [], author: 'Dora' }),
    ]);
    assert.equal(page.split('Be kind.').length, 2);
    assert.match(page, /^## a, b$/m);
    assert.match(page, /^```text\n'''\nBe quick\.\n```$/m);
    assert.match(page, /^- d: MIT, Dora$/m);
  });

  test('a package is looked up outwards from the one that asks, and one that is missing is an error', () => {
    const packages = {
      '': { dependencies: { a: '1', '@s/b': '1' }, devDependencies: { tool: '1' } },
      web: { dependencies: { c: '1' } },
      'node_modules/a': {
        dependencies: { c: '2' },
        peerDependencies: { p: '1' },
        peerDependenciesMeta: { p: { optional: true } },
      },
      'node_modules/a/node_modules/c': { dependencies: { '@s/b': '1' } },
      'node_modules/@s/b': { dependencies: { a: '1' } },
      'node_modules/c': {},
      'node_modules/tool': {},
    };
    assert.deepEqual(runtimePackages({ packages }, ''), ['node_modules/@s/b', 'node_modules/a', 'node_modules/a/node_modules/c']);
    assert.deepEqual(runtimePackages({ packages }, 'web'), ['node_modules/c']);
    const { 'node_modules/@s/b': _, ...without } = packages;
    assert.throws(() => runtimePackages({ packages: without }, ''), /has no @s\/b, which/);
  });
});
