/**
 * What the tests need beside npm's packages: found on the PATH, else installed with apt-get, else
 * named with the command that brings it. Nothing downloads a browser.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

type Requirement = {
  readonly package: string;
  readonly programs?: readonly string[];
  readonly places?: readonly string[];
  /** For what is no program: one of these files. */
  readonly files?: readonly string[];
};

const requirements: readonly Requirement[] = [
  { programs: ['chromium', 'chromium-browser', 'google-chrome'], package: 'chromium' },
  { programs: ['openssl'], package: 'openssl' },
  { programs: ['mosquitto_pub'], package: 'mosquitto-clients' },
  { programs: ['mosquitto'], package: 'mosquitto', places: ['/usr/sbin', '/sbin'] },
  { files: ['/usr/lib/python3/dist-packages/paho/mqtt/client.py'], package: 'python3-paho-mqtt' },
  { files: ['/usr/lib/python3/dist-packages/proton/__init__.py'], package: 'python3-qpid-proton' },
  { programs: ['unshare'], package: 'util-linux' },
  { programs: ['ip'], package: 'iproute2', places: ['/usr/sbin', '/sbin'] },
  { programs: ['cc', 'gcc', 'clang'], package: 'gcc' },
  { files: ['/usr/include/stdio.h'], package: 'libc6-dev' },
  { files: ['/usr/include/openssl/ssl.h', '/usr/local/include/openssl/ssl.h'], package: 'libssl-dev' },
  { programs: ['promtool'], package: 'prometheus' },
  { programs: ['initdb'], package: 'postgresql', places: globSync('/usr/lib/postgresql/*/bin') },
];

/** The path of the first of `programs` there is. */
export function find(programs: readonly string[], places: readonly string[] = []): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...places]) {
    for (const program of programs) {
      const path = join(folder, program);
      if (existsSync(path) && isExecutable(path)) return path;
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Throws with the command to run when something is missing and could not be installed. */
export function provide(): void {
  const missing = requirements
    .filter(({ programs = [], places, files = [] }) => !find(programs, places) && !files.some((file) => existsSync(file)))
    .map((requirement) => requirement.package);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !find(['apt-get']))
    throw new Error(`The tests need ${missing.join(', ')}. Run: sudo ${command}`);
  console.log(`installing ${missing.join(', ')}`);
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: 'inherit', env: environment });
  const { status } = spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: environment,
  });
  if (status !== 0) throw new Error(`Installing failed. Run: ${command}`);
}
