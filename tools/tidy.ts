/**
 * Checks the code about itself: layers, doors, bans, orphans, links in documents, decision numbers,
 * compatibility rows (tidy-rules.ts). Reads imports with a regular expression, prints how many files it saw, and
 * fails when that is fewer than expected: a checker that looks at nothing must not pass.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { repository } from './run.ts';
import {
  checkBans,
  checkDecisions,
  checkDocument,
  checkImports,
  checkOrphans,
  type Finding,
  type Source,
  type Tree,
} from './tidy-rules.ts';

const filesExpected = 600;

const tree: Tree = {
  has: (path) => existsSync(join(repository, path)),
  read: (path) => readFileSync(join(repository, path), 'utf8'),
};

function walk(folder: string, wanted: RegExp): Source[] {
  if (!tree.has(folder)) return [];
  return readdirSync(join(repository, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name) && !/node_modules|[/\\]dist/.test(entry.parentPath))
    .map((entry) => {
      const file = relative(repository, join(entry.parentPath, entry.name));
      return { file, text: tree.read(file) };
    });
}

export function tidy(): { files: number; findings: Finding[] } {
  const sources = ['src', 'web/src', 'test', 'tools'].flatMap((folder) => walk(folder, /\.tsx?$/));
  const entries = [...['bin', 'tools'].flatMap((folder) => walk(folder, /./)).map(({ text }) => text), tree.read('package.json')];
  const atRoot = readdirSync(repository).filter((name) => name.endsWith('.md'));
  const documents = [...walk('docs', /\.md$/), ...atRoot.map((file) => ({ file, text: tree.read(file) }))];
  const findings = [
    ...sources.flatMap((source) => checkImports(source, tree)),
    ...sources.flatMap(checkBans),
    ...checkOrphans(sources, entries),
    ...documents.flatMap((document) => checkDocument(document, tree)),
    ...checkDecisions(readdirSync(join(repository, 'docs/decisions')).filter((name) => /^\d{4}-.*\.md$/.test(name))),
  ];
  if (sources.length < filesExpected)
    findings.push({ file: 'tools/tidy.ts', line: 1, message: `saw ${sources.length} files, expected at least ${filesExpected}` });
  return { files: sources.length, findings };
}

if (import.meta.main) {
  const { files, findings } = tidy();
  for (const { file, line, message } of findings) console.log(`${file}:${line} ${message}`);
  console.log(`tidy: ${files} files, ${findings.length} findings`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
