import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { bans, doors, layers } from './layers.ts';
import { repository } from './run.ts';
import { tidy } from './tidy.ts';
import {
  checkBans,
  checkDecisions,
  checkDocument,
  checkImports,
  checkLayer,
  checkOrphans,
  importsOf,
  resolveImport,
  type Source,
  type Tree,
} from './tidy-rules.ts';

const everything = { has: () => true };

/** A file that imports `target` in its third line. */
function importing(file: string, target: string): Source {
  return { file, text: `/** It imports. */\n\nimport { thing } from '${target}';\n` };
}

const complaints = (file: string, target: string) =>
  checkImports(importing(file, target), everything).map(({ message }) => message);

function treeOf(files: Record<string, string>): Tree {
  return { has: (path) => path in files, read: (path) => files[path] ?? '' };
}

describe('tidy', () => {
  test('finds nothing to say about this tree', () => {
    const { files, findings } = tidy();
    assert.ok(files >= 600, `saw ${files} files`);
    assert.deepEqual(findings, []);
  });

  test('reads every form of import, over lines and in calls, and says where', () => {
    // Put together here, or tidy would take them for imports of this file.
    const [call, place, meta] = ['import', 'URL', 'meta'];
    const forms = [
      `import { a } from '#base/a.ts';`,
      `import type {\n  B,\n  C,\n} from './b.ts';`,
      `import '#base/side-effect.ts';`,
      `export { d } from '../d.ts';`,
      `const e = await ${call}('#hub/e.ts');`,
      `new Worker(new ${place}('./f.ts', import.meta.url));`,
      `new Worker(new ${place}(import.${meta}.resolve('#hub/g.ts')));`,
    ];
    const found = importsOf(`${forms.join('\n')}\n`);
    assert.deepEqual(
      found.map(({ line, target }) => `${line} ${target}`),
      ['1 #base/a.ts', '5 ./b.ts', '6 #base/side-effect.ts', '7 ../d.ts', '8 #hub/e.ts', '9 ./f.ts', '10 #hub/g.ts'],
    );
    assert.equal(resolveImport('src/hub/x/y.ts', '../hub.ts'), 'src/hub/hub.ts');
    assert.equal(resolveImport('src/hub/x/y.ts', '#test/support/z.ts'), 'test/support/z.ts');
    assert.equal(resolveImport('src/hub/x/y.ts', 'node:fs'), undefined);
  });

  test('refuses every import that the table of layers does not allow', () => {
    const refused: [string, string, RegExp][] = [
      ['src/base/clock.ts', '#wire/mqtt/limits.ts', /src\/base may not import src\/wire/],
      ['src/wire/mqtt/packet.ts', '#storage/database.ts', /src\/wire may not import/],
      ['src/trust/x.ts', '#storage/database.ts', /src\/trust may not import/],
      ['src/trust/x.ts', '#hub/hub.ts', /src\/trust may not import/],
      ['src/listeners/x.ts', '#hub/hub.ts', /src\/listeners may not import/],
      ['src/hub/x/y.ts', '#central/central.ts', /src\/hub may not import/],
      ['src/hub/x/y.ts', '#provisioning/provisioning.ts', /src\/hub may not import/],
      ['src/central/data/ingest.ts', '#hub/events/event-log.ts', /may import src\/hub only through src\/hub\/hub\.ts/],
      ['src/provisioning/x/y.ts', '#hub/registry/registry.ts', /only through src\/hub\/hub\.ts/],
      ['src/central/x/y.ts', '#sphere/sphere.ts', /src\/central may not import/],
      ['src/sphere/x/y.ts', '#provisioning/provisioning.ts', /src\/sphere may not import/],
      ['src/sphere/x/y.ts', '#authorities/ca-certificates.ts', /src\/sphere may not import/],
      ['src/sphere/contract/x.ts', '#sphere/tenants/tenants.ts', /src\/sphere\/contract may not import/],
      ['src/central/contract/x.ts', '#base/json.ts', /src\/central\/contract may not import/],
      ['src/devices/x.ts', '#hub/hub.ts', /src\/devices may not import/],
      ['src/devices/x.ts', '#sphere/sphere.ts', /src\/devices may not import/],
      ['src/cli/azsphere/x.ts', '#server/build.ts', /src\/cli\/azsphere may not import/],
      ['src/cli/kit/x.ts', '#cli/homeport/program.ts', /src\/cli\/kit may not import/],
      ['src/edge/x.ts', '#storage/database.ts', /may import src\/storage only through src\/storage\/segment-log\.ts/],
      ['web/src/pages/x.tsx', '#central/contract/devices.ts', /web\/src may not import/],
      ['web/src/api/contract.ts', '#central/central.ts', /may not import/],
      ['src/server/x.ts', '#cli/kit/main.ts', /src\/server may not import/],
      ['src/novel/x.ts', '#base/clock.ts', /src\/novel has no layer/],
      // Inside one service.
      ['src/hub/twins/twins.ts', '../surface/mqtt.ts', /rooms do not know their surfaces/],
      ['src/hub/methods/methods.ts', '../twins/twin-store.ts', /a store belongs to its room: ask src\/hub\/twins/],
      ['src/server/x.ts', '#hub/twins/twin-store.ts', /a store belongs to its room/],
    ];
    for (const [file, target, complaint] of refused) {
      const [finding, ...more] = checkImports(importing(file, target), everything);
      assert.ok(finding, `${file} importing ${target}`);
      assert.match(finding.message, complaint);
      assert.match(finding.message, /docs\/ARCHITECTURE\.md#layers$/);
      assert.deepEqual([finding.file, finding.line, more], [file, 3, []]);
    }
    const allowed: [string, string][] = [
      ['src/hub/surface/mqtt.ts', '../twins/twins.ts'],
      ['src/hub/hub.ts', './surface/mqtt.ts'],
      ['src/hub/twins/twins.ts', './twin-store.ts'],
      ['src/central/x/y.ts', '#hub/hub.ts'],
      ['src/sphere/tenants/x.ts', '#sphere/contract/tenant.ts'],
      ['src/edge/x.ts', '#storage/segment-log.ts'],
      ['web/src/api/contract.ts', '#central/contract/devices.ts'],
      // Tests may look everywhere.
      ['src/base/clock.test.ts', '#hub/hub.ts'],
      ['test/server/start.test.ts', '#hub/twins/twin-store.ts'],
    ];
    for (const [file, target] of allowed) assert.deepEqual(complaints(file, target), [], `${file} importing ${target}`);
  });

  test('gives every folder of src a layer, and every layer a folder that is meant', () => {
    for (const { name } of readdirSync(join(repository, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())) {
      const inner = name === 'cli' ? readdirSync(join(repository, 'src/cli')).map((command) => `cli/${command}`) : [name];
      for (const folder of inner) assert.equal(checkLayer(`src/${folder}/x.ts`, `src/${folder}/y.ts`), undefined, folder);
    }
    const folders = layers.map(({ folder }) => folder);
    assert.equal(new Set(folders).size, folders.length);
  });

  test('lets each package in by its door only', () => {
    const wrong: [string, string][] = [
      ['src/hub/surface/http.ts', 'fastify'],
      ['src/hub/twins/twins.ts', 'kysely'],
      ['src/trust/x.ts', '@peculiar/x509'],
      ['src/central/x/y.ts', 'pg'],
      ['src/server/build.ts', 'pino'],
      ['src/cli/homeport/x.ts', 'smol-toml'],
      ['src/hub/surface/x.ts', 'zod'],
      ['src/hub/surface/x.ts', 'node:tls'],
      ['src/wire/mqtt/x.ts', 'node:net'],
      ['src/central/x/y.ts', 'node:https'],
      ['src/hub/x/y.ts', 'node:sqlite'],
      ['src/hub/x/y.ts', 'node:child_process'],
      ['src/hub/x/y.ts', 'node:worker_threads'],
      ['src/server/x.ts', 'node:dns/promises'],
      ['src/server/x.ts', 'node:vm'],
      ['web/src/pages/x.tsx', 'uplot'],
      ['web/src/pages/x.tsx', 'uplot/dist/uPlot.min.css'],
    ];
    for (const [file, target] of wrong)
      assert.match(complaints(file, target).join(), /has one door/, `${file} importing ${target}`);
    const right: [string, string][] = [
      ['src/wire/http/fastify.ts', 'fastify'],
      ['src/hub/twins/twin-store.ts', 'kysely'],
      ['src/pki/certificate.ts', '@peculiar/x509'],
      ['src/hub/x/y.ts', 'node:crypto'],
      ['web/src/charts/time-series.tsx', 'uplot'],
      ['src/hub/x/y.test.ts', 'node:net'],
    ];
    for (const [file, target] of right) assert.deepEqual(complaints(file, target), [], `${file} importing ${target}`);
    assert.ok(doors.length >= 12);
  });

  test('refuses an import of a file that is not there, in tests too', () => {
    const tree = treeOf({ 'src/hub/hub.ts': '' });
    for (const file of ['src/server/x.ts', 'src/server/x.test.ts', 'test/x.test.ts']) {
      assert.deepEqual(checkImports(importing(file, '#hub/hub.ts'), tree), []);
      assert.match(
        checkImports(importing(file, '#hub/gone.ts'), tree)[0]?.message ?? '',
        /imports src\/hub\/gone\.ts, which does not exist/,
      );
    }
  });

  test('every ban fires on what it bans, and not in its own place, in tests or in comments', () => {
    const examples = [
      'const at = Date.now();',
      'const at = new Date();',
      'setTimeout(run, 5);',
      'setInterval(run, 5);',
      'const x = Math.random();',
      'randomBytes(32);',
      'crypto.randomUUID();',
      'process.env.HOME',
      "console.log('x');",
      'const answer = await fetch(url);',
      "const caller = mint<DeviceCaller>({ kind: 'device' });",
      'doIt(); // TODO mend this',
      'const x = y as any;',
      '// @ts-expect-error: it is late',
    ];
    for (const line of examples) {
      const found = checkBans({ file: 'src/hub/twins/twins.ts', text: `\n${line}\n` });
      assert.equal(found[0]?.line, 2, line);
      assert.deepEqual(checkBans({ file: 'src/hub/twins/twins.test.ts', text: line }), []);
      if (!/TODO|@ts/.test(line))
        assert.deepEqual(checkBans({ file: 'src/hub/twins/twins.ts', text: ` * ${line}\n// ${line}` }), []);
    }
    // A URL does not hide what follows it.
    assert.equal(checkBans({ file: 'src/hub/x/y.ts', text: "open('https://x'); console.log(1);" }).length, 1);
    assert.deepEqual(checkBans({ file: 'src/base/clock.ts', text: 'now: () => instant(Date.now()), setTimeout(run, ms)' }), []);
    assert.deepEqual(checkBans({ file: 'src/trust/caller.ts', text: "mint<UserCaller>({ kind: 'user' })" }), []);
    assert.deepEqual(checkBans({ file: 'src/hub/x/y.ts', text: 'later(); // TODO(#12): mend this' }), []);
    assert.equal(
      checkBans({ file: 'src/hub/x/y.ts', text: '// biome-ignore lint/a/b' })[0]?.message,
      'a suppressed rule needs its reason',
    );
    assert.deepEqual(checkBans({ file: 'src/hub/x/y.ts', text: '// biome-ignore lint/a/b: the peer sends it so' }), []);
    assert.ok(bans.every(({ instead }) => instead.length > 5));
  });

  test('finds files that nobody imports, or only their own test', () => {
    const sources: Source[] = [
      { file: 'src/hub/used.ts', text: '' },
      importing('src/hub/uses.ts', './used.ts'),
      { file: 'src/hub/lost.ts', text: '' },
      importing('src/hub/lost.test.ts', './lost.ts'),
      { file: 'src/wire/mqtt/vectors/packets.ts', text: '' },
    ];
    const entry = "await launch('#hub/uses.ts');";
    const manifest = '{ "exports": { ".": "./dist/hub/uses.js" } }';
    assert.deepEqual(checkOrphans(sources, [manifest]), checkOrphans(sources, [entry]));
    assert.deepEqual(
      checkOrphans(sources, [entry]).map(({ file }) => file),
      ['src/hub/lost.ts'],
    );
    assert.deepEqual(
      checkOrphans(sources, []).map(({ file }) => file),
      ['src/hub/uses.ts', 'src/hub/lost.ts'],
    );
  });

  test('follows the links of documents', () => {
    const tree = treeOf({ 'docs/guides/there.md': '', 'README.md': '' });
    const text = '[a](there.md) [b](../../README.md#part) [c](https://example.org) [d](#below)\n[e](gone.md)';
    assert.deepEqual(
      checkDocument({ file: 'docs/guides/x.md', text }, tree).map(({ line, message }) => `${line} ${message}`),
      ['2 links to gone.md, which does not exist'],
    );
  });

  test('wants a test of that number behind every compatibility row', () => {
    const tree = treeOf({ 'src/a.test.ts': "test('hub 20: it does', () => {});\ntest('hub 21, 22: both', () => {});" });
    const rows = (...lines: string[]) =>
      checkDocument({ file: 'docs/compatibility/iot-hub.md', text: lines.join('\n') }, tree).map(({ message }) => message);
    assert.deepEqual(rows('| hub 20 | it does | `src/a.test.ts` |', '| hub 22 | both | `src/a.test.ts` |'), []);
    assert.deepEqual(rows('| hub 2 | it does | `src/a.test.ts` |'), ['src/a.test.ts has no test named hub 2']);
    assert.deepEqual(rows('| hub 20 | it does | `src/b.test.ts` |'), ['src/b.test.ts does not exist']);
  });

  test('wants decisions numbered without a gap or a repetition', () => {
    assert.deepEqual(checkDecisions(['0002-b.md', '0001-a.md']), []);
    assert.equal(checkDecisions(['0001-a.md', '0003-c.md']).length, 1);
    assert.ok(checkDecisions(['0001-a.md', '0001-b.md', '0002-c.md']).length > 0);
  });
});
