/**
 * Checks the code about itself: layers, doors, bans, orphans, links in documents, decision numbers,
 * compatibility rows. Reads imports with a regular expression, prints how many files it saw, and
 * fails when that is fewer than expected: a checker that looks at nothing must not pass.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { bans, doors, layers } from './layers.ts';

const root = normalize(join(import.meta.dirname, '..'));
const filesExpected = 150;

export type Finding = { file: string; line: number; message: string };
type Source = { file: string; text: string; lines: readonly string[] };
type Import = { line: number; target: string };

function walk(folder: string, wanted: RegExp): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name) && !/node_modules|[/\\]dist/.test(entry.parentPath))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function read(file: string): Source {
  const text = readFileSync(join(root, file), 'utf8');
  return { file, text, lines: text.split('\n') };
}

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|new URL\('([^']+\.ts)', import\.meta\.url\)/g;

export function importsOf(source: Source): Import[] {
  return [...source.text.matchAll(importPattern)].map((match) => ({
    line: source.text.slice(0, (match.index ?? 0) + match[0].length).split('\n').length,
    target: match[1] ?? match[2] ?? match[3] ?? match[4] ?? '',
  }));
}

/** The repository path an import means, or undefined for a package. */
export function resolveImport(file: string, target: string): string | undefined {
  if (target.startsWith('#test/')) return `test/${target.slice('#test/'.length)}`;
  if (target.startsWith('#')) return `src/${target.slice(1)}`;
  if (target.startsWith('.')) return normalize(join(dirname(file), target));
  return undefined;
}

function layerOf(path: string) {
  return layers
    .filter((layer) => path === layer.folder || path.startsWith(`${layer.folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

export function checkLayer(file: string, target: string): string | undefined {
  const from = layerOf(file);
  const to = layerOf(target);
  if (!from) return undefined;
  const inside = target.startsWith(`${from.folder}/`) && to?.folder === from.folder;
  const parentService = from.folder.split('/').slice(0, 2).join('/');
  if (inside) return checkRooms(file, target);
  // A service may use its own contract; a contract uses nothing of its service.
  if (to?.folder.startsWith(`${from.folder}/`)) return undefined;
  if (from.mayImport.some((allowed) => target === allowed || (target.startsWith(`${allowed}/`) && !allowed.endsWith('.ts')))) {
    return target.endsWith('-store.ts') && !target.startsWith('src/storage/') ? 'a store belongs to its room' : undefined;
  }
  const front = from.mayImport.find((allowed) => allowed.endsWith('.ts') && target.startsWith(`${dirname(allowed)}/`));
  if (front) return `may import ${dirname(front)} only through ${front}`;
  return `${parentService} may not import ${target}`;
}

function checkRooms(file: string, target: string): string | undefined {
  const room = (path: string) => path.split('/').slice(0, 3).join('/');
  if (target.includes('/surface/') && !file.includes('/surface/') && file.split('/').length > 3)
    return 'rooms do not know their surfaces';
  if (target.endsWith('-store.ts') && /^src\/(hub|provisioning|sphere|central)\//.test(target) && room(file) !== room(target)) {
    return `a store belongs to its room: ask ${room(target)} instead`;
  }
  return undefined;
}

function checkSource(source: Source): Finding[] {
  const findings: Finding[] = [];
  const isTest = /\.test\.tsx?$/.test(source.file) || source.file.startsWith('test/');
  for (const { line, target } of importsOf(source)) {
    const path = resolveImport(source.file, target);
    const message = path === undefined ? checkDoor(source.file, target) : checkLayer(source.file, path);
    if (message && !isTest) findings.push({ file: source.file, line, message: `${message} — see docs/ARCHITECTURE.md#layers` });
    if (path !== undefined && /\.tsx?$/.test(path) && !existsSync(join(root, path)))
      findings.push({ file: source.file, line, message: `imports ${path}, which does not exist` });
  }
  if (isTest || !source.file.startsWith('src/')) return findings;
  source.lines.forEach((text, index) => {
    const code = text.replace(/\/\/.*$|^\s*\*.*$|^\s*\/\*.*$/g, (comment) => (/TODO|FIXME|XXX/.test(comment) ? comment : ''));
    for (const ban of bans) {
      if (ban.pattern.test(code) && !ban.allowed.test(source.file))
        findings.push({ file: source.file, line: index + 1, message: `use ${ban.instead}` });
    }
    if (/biome-ignore[^:]*$/.test(text))
      findings.push({ file: source.file, line: index + 1, message: 'a suppressed rule needs its reason' });
  });
  return findings;
}

function checkDoor(file: string, target: string): string | undefined {
  const door = doors.find(({ package: name }) => name.test(target));
  return door && file.startsWith('src/') && !door.files.test(file) ? `${target} has one door: ${door.files.source}` : undefined;
}

/** A file that nobody imports and that is no entry point is a leftover. */
function checkOrphans(sources: readonly Source[]): Finding[] {
  const reached = new Set(
    sources.flatMap((source) => importsOf(source).map((entry) => resolveImport(source.file, entry.target))),
  );
  const mentioned = (file: string) =>
    ['bin', 'tools'].some((folder) =>
      walk(folder, /./).some((other) => readFileSync(join(root, other), 'utf8').includes(file.replace(/^src\//, ''))),
    );
  return sources
    .filter(({ file }) => file.startsWith('src/') && !file.endsWith('.test.ts') && !reached.has(file) && !mentioned(file))
    .map(({ file }) => ({ file, line: 1, message: 'nobody imports this file' }));
}

function checkDocuments(): Finding[] {
  const findings: Finding[] = [];
  const documents = [...walk('docs', /\.md$/), ...readdirSync(root).filter((name) => name.endsWith('.md'))];
  for (const file of documents) {
    const { lines } = read(file);
    lines.forEach((text, index) => {
      for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)) {
        if (!existsSync(join(root, dirname(file), target)))
          findings.push({ file, line: index + 1, message: `links to ${target}, which does not exist` });
      }
      if (file.startsWith('docs/compatibility/')) findings.push(...checkRow(file, index + 1, text));
    });
  }
  return [...findings, ...checkDecisions()];
}

/** Compatibility rows name their test as `path/to/file.test.ts`; the file must exist and carry the row's number. */
function checkRow(file: string, line: number, text: string): Finding[] {
  const [, tag, number, test] = text.match(/^\|\s*(sphere|dps|hub|central|thin-edge)\s+(\d+)\s*\|.*`([^`]+\.test\.tsx?)`/) ?? [];
  if (!tag || !test) return [];
  if (!existsSync(join(root, test))) return [{ file, line, message: `${test} does not exist` }];
  const names = new RegExp(`['"\`](?:[^'"\`]*[ ,/])?${tag} (?:\\d+, )*${number}\\b`);
  return names.test(readFileSync(join(root, test), 'utf8'))
    ? []
    : [{ file, line, message: `${test} has no test named ${tag} ${number}` }];
}

function checkDecisions(): Finding[] {
  const numbers = walk('docs/decisions', /^\d{4}-.*\.md$/)
    .map((file) => Number(file.split('/').at(-1)?.slice(0, 4)))
    .sort((a, b) => a - b);
  return numbers.flatMap((number, index) =>
    number === index + 1 ? [] : [{ file: 'docs/decisions', line: 1, message: `decision numbers skip or repeat at ${number}` }],
  );
}

export function tidy(): { files: number; findings: Finding[] } {
  const sources = ['src', 'web/src', 'test', 'tools'].flatMap((folder) => walk(folder, /\.tsx?$/)).map(read);
  const findings = [...sources.flatMap(checkSource), ...checkOrphans(sources), ...checkDocuments()];
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
