/**
 * Who may import whom: the single source for tools/tidy.ts and docs/ARCHITECTURE.md#layers. A rule names
 * folders, or single files where a neighbour may be seen through its front only. What is not listed is refused.
 */
export type Layer = {
  /** The folder below the repository's root; the longest match decides. */
  readonly folder: string;
  readonly mayImport: readonly string[];
};

const spine = ['src/base', 'src/wire', 'src/pki', 'src/trust', 'src/storage', 'src/listeners', 'src/authorities', 'src/outgoing'];

/** What a log needs of `src/storage`, for who keeps one without a database. */
const logFiles = [
  'src/storage/segment-log.ts',
  'src/storage/segment-file.ts',
  'src/storage/file-system.ts',
  'src/storage/file-lock.ts',
];

export const layers: readonly Layer[] = [
  { folder: 'src/base', mayImport: [] },
  { folder: 'src/wire', mayImport: ['src/base'] },
  { folder: 'src/lang', mayImport: ['src/base'] },
  { folder: 'src/pki', mayImport: ['src/base'] },
  { folder: 'src/storage', mayImport: ['src/base'] },
  { folder: 'src/outgoing', mayImport: ['src/base'] },
  { folder: 'src/bus', mayImport: ['src/base'] },
  { folder: 'src/trust', mayImport: ['src/base', 'src/pki', 'src/wire'] },
  { folder: 'src/authorities', mayImport: ['src/base', 'src/pki', 'src/trust', 'src/storage', 'src/outgoing'] },
  { folder: 'src/listeners', mayImport: ['src/base', 'src/wire', 'src/pki'] },
  { folder: 'src/hub', mayImport: [...spine, 'src/lang', 'src/bus'] },
  { folder: 'src/provisioning', mayImport: [...spine, 'src/lang', 'src/bus', 'src/hub/hub.ts'] },
  { folder: 'src/sphere', mayImport: spine.filter((folder) => folder !== 'src/authorities') },
  { folder: 'src/sphere/contract', mayImport: ['src/base'] },
  { folder: 'src/central', mayImport: [...spine, 'src/lang', 'src/bus', 'src/hub/hub.ts', 'src/provisioning/provisioning.ts'] },
  { folder: 'src/central/contract', mayImport: [] },
  { folder: 'src/devices', mayImport: ['src/base', 'src/wire', 'src/pki', 'src/sphere/contract'] },
  {
    folder: 'src/server',
    mayImport: [...spine, 'src/lang', 'src/bus', 'src/hub', 'src/provisioning', 'src/sphere', 'src/central', 'src/devices'],
  },
  { folder: 'src/edge', mayImport: ['src/base', 'src/wire', 'src/pki', 'src/listeners', ...logFiles] },
  { folder: 'src/cli/kit', mayImport: ['src/base'] },
  { folder: 'src/cli/azsphere', mayImport: ['src/cli/kit', 'src/base', 'src/pki', 'src/sphere/contract'] },
  { folder: 'src/cli/tedge', mayImport: ['src/cli/kit', 'src/base', 'src/edge'] },
  { folder: 'src/cli/homeport', mayImport: ['src/cli/kit', 'src/base', 'src/server', 'src/devices', 'src/pki', 'src/trust'] },
  { folder: 'web/src', mayImport: [] },
  { folder: 'web/src/api/contract.ts', mayImport: ['src/central/contract'] },
];

/** A package and the only files that may import it: replacing one is a one-folder change. */
export const doors: readonly { readonly package: RegExp; readonly files: RegExp }[] = [
  { package: /^fastify$/, files: /^src\/wire\/http\/fastify\.ts$/ },
  { package: /^kysely$/, files: /^src\/storage\/|-store\.ts$|^src\/central\/data\// },
  { package: /^@peculiar\/|^reflect-metadata$/, files: /^src\/pki\// },
  { package: /^pg$/, files: /^src\/storage\/database\.ts$/ },
  // A log line is JSON by base/log.ts; fastify brings this one along.
  { package: /^pino$/, files: /^$/ },
  { package: /^smol-toml$/, files: /^src\/base\/settings\.ts$/ },
  { package: /^jose$/, files: /^src\/(trust|devices)\// },
  { package: /^zod$/, files: /\/contract\/|-routes\.ts$|^src\/wire\/http\/|^src\/server\/config\.ts$|^src\/base\/settings\.ts$/ },
  { package: /^uplot/, files: /^web\/src\/charts\// },
  { package: /^rhea$/, files: /^src\/wire\/amqp\/connection\.ts$/ },
  { package: /^aedes$|^mqtt-packet$/, files: /^src\/edge\/broker\/embedded-broker\.ts$/ },
  { package: /^ws$/, files: /^src\/wire\/http\/web-socket\.ts$/ },
  { package: /^node:sqlite$/, files: /^src\/storage\/(node-sqlite|file-lock)\.ts$/ },
  {
    package: /^node:(net|tls|https)(\/|$)/,
    files: /^src\/(listeners|server|devices|cli|outgoing)\/|^src\/edge\/host\/(tcp|tls)\.ts$/,
  },
  { package: /^node:dns(\/|$)/, files: /^src\/outgoing\/outgoing\.ts$/ },
  { package: /^node:worker_threads$/, files: /^src\/central\/data\/|^src\/storage\/query-/ },
  { package: /^node:(dgram|http2|vm|inspector|cluster)(\/|$)/, files: /^$/ },
  { package: /^node:child_process$/, files: /^src\/(server|cli)\/|^src\/edge\/host\/(run-tool|run-program|start-detached)\.ts$/ },
];

/** What each file may not say outside the places that own it; the complaint names the replacement. */
export const bans: readonly { readonly pattern: RegExp; readonly allowed: RegExp; readonly instead: string }[] = [
  { pattern: /\bDate\.now\(|\bnew Date\(\)/, allowed: /^src\/base\/clock\.ts$/, instead: 'platform.clock.now()' },
  { pattern: /\b(setTimeout|setInterval)\(/, allowed: /^src\/base\/clock\.ts$/, instead: 'platform.clock.after()' },
  { pattern: /\bMath\.random\(/, allowed: /^$/, instead: 'platform.random' },
  { pattern: /\brandom(Bytes|UUID)\(/, allowed: /^src\/base\/random\.ts$/, instead: 'platform.random' },
  {
    pattern: /\bprocess\.env\b/,
    allowed: /^src\/(cli\/kit|server|base\/data-directory)/,
    instead: 'a setting, or the environment handed to the command',
  },
  { pattern: /\bconsole\./, allowed: /^src\/cli\//, instead: "platform.log, or the command's output" },
  { pattern: /(?<![.\w])fetch\(/, allowed: /^(src\/(devices|cli)\/|web\/)/, instead: 'outgoing/outgoing.ts' },
  { pattern: /\bmint(<[^>]*>)?\(/, allowed: /^src\/trust\//, instead: 'a verdict from trust/' },
  { pattern: /\b(TODO|FIXME|XXX)\b(?!\(#\d+\))/, allowed: /^$/, instead: 'an issue number: TODO(#12)' },
  { pattern: /\bas any\b|@ts-(ignore|nocheck|expect-error)/, allowed: /^$/, instead: 'a type' },
];
