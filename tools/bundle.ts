/**
 * `npm run bundle -- FOLDER` writes `tedge` as one script that needs Node and nothing else, with the licences of what
 * is in it. `npm pack` ships the same script. Its parts, one for each command and what several share, are texts
 * that are compiled when they are needed: a small computer takes as long to read code as to run it.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, resolve } from 'node:path';
import { type OutputChunk, rolldown } from 'rolldown';
import { productVersion } from '#base/version.ts';
import { repository } from './run.ts';

const nodeMajorMin = 24;

/** The script's text. */
export async function bundleTedge(): Promise<string> {
  const bundle = await rolldown({
    input: { main: join(repository, 'src/cli/tedge/main.ts') },
    cwd: repository,
    platform: 'node',
    // A copy of Node's own streams for whoever has none, which the broker brings along.
    resolve: { alias: { 'readable-stream': 'node:stream' } },
    onLog(level, log) {
      throw new Error(`${level}: ${log.message}`);
    },
  });
  const { output } = await bundle.generate({
    format: 'cjs',
    minify: true,
    comments: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    // Largest of all, and not for settings; without a part of its own it would lie in one that everybody needs.
    codeSplitting: { groups: [{ name: 'asn1', test: /node_modules\/(@peculiar|asn1js|pvtsutils|pvutils|tslib)\// }] },
  });
  await bundle.close();
  return renderScript(output.filter((part) => part.type === 'chunk'));
}

function renderScript(parts: readonly OutputChunk[]): string {
  const names = new Set(parts.map(({ fileName }) => `./${fileName}`));
  for (const { fileName, imports, dynamicImports } of parts) {
    const missing = [...imports, ...dynamicImports].filter((name) => !names.has(`./${name}`) && !isBuiltin(name));
    if (missing.length > 0) throw new Error(`${fileName} needs ${missing.join(', ')}, which only an installation has.`);
  }
  const texts = parts.map(({ fileName, code }) => `  ${JSON.stringify(`./${fileName}`)}: ${asciiLiteral(code.trim())},\n`);
  return loader.replace('/* parts */', () => `{\n${texts.join('')}}`);
}

/** One character beyond Latin 1 makes the whole script take twice the memory. */
function asciiLiteral(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * Without an import of its own, so that Node runs it whatever the folder says about modules. A shell reads the first two lines,
 * and Node takes the second for a text: `env -S`, which would do in one, is not everywhere. The young objects of what
 * runs for months have 2 MB then; Node would keep 48 MB for them after a burst of messages.
 */
const loader = `#!/bin/sh
':' //; exec node --max-semi-space-size=1 "$0" "$@"
// tedge of Homeport ${productVersion}. THIRD-PARTY-NOTICES.md has the licences of what is in it.
'use strict';
(() => {
  if (Number.parseInt(process.versions.node, 10) < ${nodeMajorMin}) {
    console.error('error: Homeport needs Node ${nodeMajorMin} or newer; this is ' + process.versions.node + '.');
    console.error('  Install it, or put it first on the PATH.');
    process.exitCode = 1;
    return;
  }
  const { compileFunction } = process.getBuiltinModule('node:vm');
  const modules = new Map();
  const require = (name) => {
    const known = modules.get(name);
    if (known) return known.exports;
    if (!Object.hasOwn(parts, name)) {
      const builtin = process.getBuiltinModule(name);
      if (builtin) return builtin;
      throw Object.assign(new Error('There is no module ' + name), { code: 'MODULE_NOT_FOUND' });
    }
    const module = { exports: {} };
    modules.set(name, module);
    compileFunction(parts[name], ['require', 'module', 'exports'], { filename: 'tedge/' + name.slice(2) })(require, module, module.exports);
    return module.exports;
  };
  const parts = /* parts */;
  require('./main.js');
})();
`;

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(repository, 'dist/tedge'));
  mkdirSync(folder, { recursive: true });
  const script = await bundleTedge();
  writeFileSync(join(folder, 'tedge'), script, { mode: 0o755 });
  for (const name of ['LICENSE', 'THIRD-PARTY-NOTICES.md']) copyFileSync(join(repository, name), join(folder, name));
  console.log(`${join(folder, 'tedge')}: ${Math.ceil(Buffer.byteLength(script) / 1024)} KiB`);
}
