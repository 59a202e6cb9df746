/**
 * `npm run audit`: the rules of audit-rules.ts on this tree, then what the registry knows of vulnerabilities in what
 * runs in production. Without an answer that second part is passed over in one line: no check may need the internet.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Audited, auditDependencies, type RootManifest, readVulnerabilities } from './audit-rules.ts';
import { type Manifest, readJson, readLockfile } from './lockfile.ts';
import { repository } from './run.ts';

const entriesExpected = 400;
const answerMsMax = 20_000;

export function readAudited(): Audited {
  const root = readJson<RootManifest>('package.json');
  return {
    lock: readLockfile(),
    root,
    workspaces: Object.fromEntries(root.workspaces.map((folder) => [folder, readJson<Manifest>(join(folder, 'package.json'))])),
    npmrc: readFileSync(join(repository, '.npmrc'), 'utf8'),
  };
}

function askRegistry(): string[] | undefined {
  const words = ['audit', '--json', '--omit=dev', '--fetch-retries=0', `--fetch-timeout=${answerMsMax / 2}`, '--loglevel=silent'];
  const { stdout } = spawnSync('npm', words, {
    cwd: repository,
    encoding: 'utf8',
    timeout: answerMsMax,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return readVulnerabilities(stdout ?? '');
}

if (import.meta.main) {
  const audited = readAudited();
  const entries = Object.keys(audited.lock.packages).length;
  const findings = auditDependencies(audited);
  if (entries < entriesExpected)
    findings.push(`saw ${entries} entries in package-lock.json, expected at least ${entriesExpected}`);
  const known = askRegistry();
  for (const finding of [...findings, ...(known ?? [])]) console.log(finding);
  console.log(`audit: ${entries} entries, ${findings.length} findings; ${describeKnown(known)}`);
  process.exitCode = findings.length + (known?.length ?? 0) === 0 ? 0 : 1;
}

function describeKnown(known: string[] | undefined): string {
  return known ? `${known.length} known vulnerabilities` : 'known vulnerabilities passed over, no registry answered';
}
