import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readAudited } from './audit.ts';
import { type Audited, auditDependencies, type RootManifest, readVulnerabilities } from './audit-rules.ts';
import type { LockEntry, Lockfile } from './lockfile.ts';

const integrity = `sha512-${'a'.repeat(86)}==`;

/** A sound tree: one dependency with one of its own, a tool with an install script, and a workspace. */
function sound(): Audited {
  const root = {
    name: 'home',
    version: '1.0.0',
    workspaces: ['web'],
    dependencies: { a: '1.2.3' },
    devDependencies: { tool: '2.0.0-rc.1' },
    allowScripts: { tool: false },
  };
  const web = { name: 'home-web', version: '1.0.0', dependencies: { b: '3.0.0' } };
  const { allowScripts: _, ...locked } = root;
  return {
    root,
    workspaces: { web },
    npmrc: 'omit-lockfile-registry-resolved=true\nsave-exact=true\n',
    lock: {
      lockfileVersion: 3,
      packages: {
        '': locked,
        web,
        'node_modules/home-web': { resolved: 'web', link: true },
        'node_modules/a': { version: '1.2.3', integrity, dependencies: { b: '^2.0.0' } },
        'node_modules/b': { version: '2.1.0', integrity },
        'web/node_modules/b': { version: '3.0.0', integrity },
        'node_modules/tool': { version: '2.0.0-rc.1', integrity, hasInstallScript: true },
      },
    },
  };
}

function withEntry(path: string, changes: LockEntry): Audited {
  const audited = sound();
  const { packages } = audited.lock;
  return { ...audited, lock: { ...audited.lock, packages: { ...packages, [path]: { ...packages[path], ...changes } } } };
}

function withRoot(changes: Partial<RootManifest>, locked: LockEntry = {}): Audited {
  const audited = withEntry('', locked);
  return { ...audited, root: { ...audited.root, ...changes } };
}

function without({ packages }: Lockfile, path: string): Lockfile {
  return { lockfileVersion: 3, packages: Object.fromEntries(Object.entries(packages).filter(([key]) => key !== path)) };
}

describe('the audit of dependencies', () => {
  test('finds nothing in this tree, and nothing in a sound one', () => {
    assert.deepEqual(auditDependencies(readAudited()), []);
    assert.deepEqual(auditDependencies(sound()), []);
  });

  const bytes = 'node_modules/a has no sha512 integrity';
  const bad: [string, Audited, string[]][] = [
    ['no integrity', withEntry('node_modules/a', { integrity: '' }), [bytes]],
    ['a weak digest', withEntry('node_modules/a', { integrity: 'sha1-kZ8WfA4mgs5Ir9nOpzjzqXBpGfY=' }), [bytes]],
    ['a digest cut short', withEntry('node_modules/a', { integrity: integrity.slice(0, -10) }), [bytes]],
    [
      'the host of a registry',
      withEntry('node_modules/b', { resolved: 'https://packages.example/b/-/b-2.1.0.tgz' }),
      ['node_modules/b names where it came from: https://packages.example/b/-/b-2.1.0.tgz'],
    ],
    [
      'a package out of a repository',
      withEntry('node_modules/g', { version: '1.0.0', resolved: 'git+ssh://git@code.example/g.git#0123' }),
      [
        'node_modules/g has no sha512 integrity',
        'node_modules/g names where it came from: git+ssh://git@code.example/g.git#0123',
      ],
    ],
    [
      'a link to somewhere else',
      withEntry('node_modules/l', { resolved: '../elsewhere', link: true }),
      ['node_modules/l is a link to ../elsewhere, which is no workspace'],
    ],
    [
      'a range',
      withRoot({ dependencies: { a: '^1.2.3' } }, { dependencies: { a: '^1.2.3' } }),
      ['package.json does not pin a: ^1.2.3', 'package-lock.json holds a 1.2.3, pinned is ^1.2.3'],
    ],
    [
      'a tag',
      withRoot({ devDependencies: { tool: 'latest' } }, { devDependencies: { tool: 'latest' } }),
      ['package.json does not pin tool: latest', 'package-lock.json holds tool 2.0.0-rc.1, pinned is latest'],
    ],
    [
      'an install script nobody decided on',
      withEntry('node_modules/b', { hasInstallScript: true }),
      ['b has an install script, and allowScripts does not say whether it may run'],
    ],
    [
      'an install script under an alias',
      withEntry('node_modules/tool2', { name: 'other', version: '1.0.0', integrity, hasInstallScript: true }),
      ['other has an install script, and allowScripts does not say whether it may run'],
    ],
    [
      'a decision on a script that is not there',
      withRoot({ allowScripts: { tool: false, gone: true } }),
      ['allowScripts names gone, which has no install script'],
    ],
    [
      'another version than the pinned one',
      withEntry('node_modules/a', { version: '1.2.4' }),
      ['package-lock.json holds a 1.2.4, pinned is 1.2.3'],
    ],
    [
      'another version in a workspace',
      withEntry('web/node_modules/b', { version: '3.0.1' }),
      ['package-lock.json holds b 3.0.1, pinned is 3.0.0'],
    ],
    [
      'a dependency that only package.json has',
      withRoot({ dependencies: { a: '1.2.3', c: '1.0.0' } }),
      ['package.json wants c 1.0.0, package-lock.json says nothing', 'package-lock.json holds c not at all, pinned is 1.0.0'],
    ],
    [
      'a dependency that only package-lock.json has',
      withEntry('', { dependencies: { a: '1.2.3', c: '1.0.0' } }),
      ['package.json wants c nowhere, package-lock.json says 1.0.0'],
    ],
    [
      'another version of the whole',
      withRoot({ version: '1.1.0' }),
      ['package-lock.json has another name or version for package.json'],
    ],
    [
      'a workspace that is not locked',
      { ...sound(), lock: without(sound().lock, 'web') },
      ['package-lock.json does not know web/package.json'],
    ],
    [
      'an older format',
      { ...sound(), lock: { ...sound().lock, lockfileVersion: 2 } },
      ['package-lock.json has version 2, not 3'],
    ],
    [
      'a registry and a credential in .npmrc',
      { ...sound(), npmrc: 'registry = https://packages.example/\n//packages.example/:_authToken=secret\n' },
      [
        '.npmrc names a registry or a credential: registry',
        '.npmrc names a registry or a credential: //packages.example/:_authToken',
      ],
    ],
  ];
  for (const [name, audited, findings] of bad)
    test(`refuses ${name}`, () => assert.deepEqual(auditDependencies(audited), findings));

  test('reads known vulnerabilities out of an answer, and takes nothing else for one', () => {
    const metadata = { vulnerabilities: { total: 1 } };
    assert.deepEqual(
      readVulnerabilities(JSON.stringify({ vulnerabilities: { ws: { severity: 'high', range: '<8.17.1' } }, metadata })),
      ['ws <8.17.1 has a known vulnerability (high)'],
    );
    assert.deepEqual(readVulnerabilities(JSON.stringify({ vulnerabilities: {}, metadata })), []);
    for (const output of [
      '',
      'npm error',
      '{"message":"405 Method Not Allowed","error":{}}',
      '[]',
      'null',
      '{"vulnerabilities":{}}',
    ])
      assert.equal(readVulnerabilities(output), undefined, output);
  });
});
