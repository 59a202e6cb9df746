/** The rules of tidy.ts as functions over sources that are given to them, so that each can be seen to fire. */
import { dirname, join, normalize } from 'node:path';
import { bans, doors, layers } from './layers.ts';

export type Finding = { file: string; line: number; message: string };
export type Source = { file: string; text: string };
type Import = { line: number; target: string };

/** What a rule may ask about the rest of the tree; paths are the repository's. */
export type Tree = { has(path: string): boolean; read(path: string): string };

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'";]*?from\s*'([^']+)'|(?:^|\n)\s*import\s*'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|new URL\('([^']+\.ts)', import\.meta\.url\)|import\.meta\.resolve\('([^']+)'\)/g;

export function importsOf(text: string): Import[] {
  return [...text.matchAll(importPattern)].map((match) => ({
    line: text.slice(0, (match.index ?? 0) + match[0].length).split('\n').length,
    target: match[1] ?? match[2] ?? match[3] ?? match[4] ?? match[5] ?? '',
  }));
}

/** The repository path an import means, or undefined for a package. */
export function resolveImport(file: string, target: string): string | undefined {
  if (target.startsWith('#test/')) return `test/${target.slice('#test/'.length)}`;
  if (target.startsWith('#')) return `src/${target.slice(1)}`;
  if (target.startsWith('.')) return normalize(join(dirname(file), target));
  return undefined;
}

/** Tests may look everywhere. Vectors are what several tests share. */
function isTest(file: string): boolean {
  return /\.test\.tsx?$|\/vectors\//.test(file) || file.startsWith('test/');
}

function layerOf(path: string) {
  return layers
    .filter((layer) => path === layer.folder || path.startsWith(`${layer.folder}/`))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Why `file` may not import `target`, or undefined when it may. */
export function checkLayer(file: string, target: string): string | undefined {
  const from = layerOf(file);
  const to = layerOf(target);
  if (!from) return file.startsWith('src/') ? `${dirname(file)} has no layer in tools/layers.ts` : undefined;
  if (to?.folder === from.folder) return checkRooms(file, target);
  // A service may use its own contract; a contract uses nothing of its service.
  if (to?.folder.startsWith(`${from.folder}/`)) return undefined;
  if (from.mayImport.some((allowed) => target === allowed || (target.startsWith(`${allowed}/`) && !allowed.endsWith('.ts')))) {
    return target.endsWith('-store.ts') && !target.startsWith('src/storage/') ? 'a store belongs to its room' : undefined;
  }
  const front = from.mayImport.find((allowed) => allowed.endsWith('.ts') && target.startsWith(`${dirname(allowed)}/`));
  if (front) return `may import ${dirname(front)} only through ${front}`;
  return `${from.folder} may not import ${target}`;
}

/** Inside one service: surfaces look at rooms and not the reverse, and nobody at a neighbour's store. */
function checkRooms(file: string, target: string): string | undefined {
  const room = (path: string) => path.split('/').slice(0, 3).join('/');
  if (target.includes('/surface/') && !file.includes('/surface/') && file.split('/').length > 3)
    return 'rooms do not know their surfaces';
  if (target.endsWith('-store.ts') && /^src\/(hub|provisioning|sphere|central)\//.test(target) && room(file) !== room(target)) {
    return `a store belongs to its room: ask ${room(target)} instead`;
  }
  return undefined;
}

function checkDoor(file: string, target: string): string | undefined {
  if (!/^(src|web\/src)\//.test(file)) return undefined;
  const door = doors.find(({ package: name }) => name.test(target));
  return door && !door.files.test(file) ? `${target} has one door: ${door.files.source}` : undefined;
}

export function checkImports({ file, text }: Source, tree: Pick<Tree, 'has'>): Finding[] {
  return importsOf(text).flatMap(({ line, target }) => {
    const path = resolveImport(file, target);
    const message = path === undefined ? checkDoor(file, target) : checkLayer(file, path);
    return [
      ...(message && !isTest(file) ? [{ file, line, message: `${message} — see docs/ARCHITECTURE.md#layers` }] : []),
      ...(path !== undefined && /\.tsx?$/.test(path) && !tree.has(path)
        ? [{ file, line, message: `imports ${path}, which does not exist` }]
        : []),
    ];
  });
}

/** What may be said in one place only. Comments may name it; what is a comment by nature is found there too. */
export function checkBans({ file, text }: Source): Finding[] {
  if (isTest(file) || !file.startsWith('src/')) return [];
  return text.split('\n').flatMap((line, index) => {
    const code = line.replace(/(?<!:)\/\/.*$|^\s*\*.*$|^\s*\/\*.*$/g, (comment) =>
      /TODO|FIXME|XXX|@ts-/.test(comment) ? comment : '',
    );
    const said = bans.filter((ban) => ban.pattern.test(code) && !ban.allowed.test(file)).map(({ instead }) => `use ${instead}`);
    if (/biome-ignore[^:]*$/.test(line)) said.push('a suppressed rule needs its reason');
    return said.map((message) => ({ file, line: index + 1, message }));
  });
}

/**
 * A file that only its own test imports, and that is no entry point, is a leftover. `entries` are the texts of
 * what starts programs, bin/ and tools/, and of package.json, which names what others may import.
 */
export function checkOrphans(sources: readonly Source[], entries: readonly string[]): Finding[] {
  const reached = new Set(
    sources
      .filter(({ file }) => !isTest(file))
      .flatMap(({ file, text }) => importsOf(text).map(({ target }) => resolveImport(file, target))),
  );
  return sources
    .filter(({ file }) => file.startsWith('src/') && !isTest(file) && !reached.has(file))
    .filter(
      ({ file }) =>
        !entries.some(
          (text) =>
            text.includes(file.replace(/^src\//, '')) || text.includes(`./dist/${file.slice('src/'.length, -'.ts'.length)}.js`),
        ),
    )
    .map(({ file }) => ({ file, line: 1, message: 'nobody imports this file' }));
}

export function checkDocument({ file, text }: Source, tree: Tree): Finding[] {
  return text
    .split('\n')
    .flatMap((line, index) => [
      ...[...line.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .filter(([, target = '']) => !tree.has(normalize(join(dirname(file), target))))
        .map(([, target]) => ({ file, line: index + 1, message: `links to ${target}, which does not exist` })),
      ...(file.startsWith('docs/compatibility/') ? checkRow(file, index + 1, line, tree) : []),
    ]);
}

/** Compatibility rows name their test as `path/to/file.test.ts`; the file must exist and carry the row's number. */
function checkRow(file: string, line: number, text: string, tree: Tree): Finding[] {
  const [, tag, number, test] = text.match(/^\|\s*(sphere|dps|hub|central|thin-edge)\s+(\d+)\s*\|.*`([^`]+\.test\.tsx?)`/) ?? [];
  if (!tag || !test) return [];
  if (!tree.has(test)) return [{ file, line, message: `${test} does not exist` }];
  const names = new RegExp(`['"\`](?:[^'"\`]*[ ,/])?${tag} (?:\\d+, )*${number}\\b`);
  return names.test(tree.read(test)) ? [] : [{ file, line, message: `${test} has no test named ${tag} ${number}` }];
}

/** File names of docs/decisions: 0001 and up, each number once. */
export function checkDecisions(names: readonly string[]): Finding[] {
  const numbers = names.map((name) => Number(name.slice(0, 4))).sort((a, b) => a - b);
  return numbers.flatMap((number, index) =>
    number === index + 1 ? [] : [{ file: 'docs/decisions', line: 1, message: `decision numbers skip or repeat at ${number}` }],
  );
}
