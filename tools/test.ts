/**
 * `npm test`: checks, then every test, in random order, in a network namespace of its own: the
 * standard ports are free there, and nothing can reach another host. Arguments are passed to the
 * test runner as file patterns: `npm test -- test/journeys`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from './postgres.ts';
import { find, provide } from './requirements.ts';
import { repository, run } from './run.ts';

const inNamespace = 'HOMEPORT_TEST_NAMESPACE';
const patterns = process.argv.slice(2);
/** Tests wait for processes, browsers and disks more than they compute: one more than there are cores keeps those busy. */
const filesAtOnce = availableParallelism() + 1;
const isFullSize = process.env.HOMEPORT_FULL_SIZE === '1';

async function outside(): Promise<number> {
  provide();
  if (patterns.length === 0) {
    const checks = await run(process.execPath, ['tools/check.ts', '--no-tests']);
    if (checks !== 0) return checks;
  }
  if (
    patterns.length === 0 ||
    (!existsSync(join(repository, 'web/dist/index.html')) && patterns.some((pattern) => pattern.startsWith('test/')))
  ) {
    const built = await run('npm', ['run', 'build', '--workspace', 'web', '--silent', '--', '--logLevel', 'error']);
    if (built !== 0) return built;
  }
  // Outside, because the server runs as another user, which a namespace of one user cannot; its socket is a file.
  const postgres = await startPostgres({ isTimed: isFullSize });
  const self = [process.execPath, import.meta.filename, ...patterns];
  try {
    return await run('unshare', ['--user', '--map-root-user', '--net', '--', ...self], {
      environment: { [inNamespace]: '1', HOMEPORT_TEST_POSTGRES: postgres.url },
    });
  } finally {
    await postgres.stop();
  }
}

/** Loopback comes up by hand; there is no other interface and no route. */
function inside(): Promise<number> {
  execFileSync(find(['ip'], ['/usr/sbin', '/sbin']) ?? 'ip', ['link', 'set', 'lo', 'up']);
  const chosen = patterns.flatMap((pattern) =>
    globSync(pattern.endsWith('.ts') ? pattern : `${pattern}/**/*.test.ts`, { cwd: repository }),
  );
  const files = patterns.length > 0 ? chosen : allTests();
  // Without a file the runner would take every test there is.
  if (files.length === 0) throw new Error(`No test file is named by ${patterns.join(' ')}.`);
  console.log(`${files.length} test files; full-size runs: npm run prove -- <name>`);
  // A full-size run does the same at the length its scale takes.
  const timeoutMs = isFullSize ? 3_600_000 : 300_000;
  const words = ['--test', '--test-randomize', `--test-concurrency=${filesAtOnce}`, `--test-timeout=${timeoutMs}`];
  // Every file is a process that reads much of the source: compiled once, it costs half a processor-second less each time.
  const environment = { NODE_COMPILE_CACHE: join(repository, 'node_modules/.cache/compile') };
  return run(process.execPath, [...words, ...files], { environment });
}

function allTests(): string[] {
  const files = globSync(['src/**/*.test.ts', 'tools/**/*.test.ts', 'web/src/**/*.test.ts', 'test/**/*.test.ts'], {
    cwd: repository,
  });
  if (files.length < 60) throw new Error(`found ${files.length} test files, expected at least 60`);
  return files;
}

if (
  !process.env[inNamespace] &&
  spawnSync('unshare', ['--user', '--map-root-user', '--net', 'true']).status !== 0 &&
  find(['unshare'])
) {
  console.error(
    'The tests need a user and network namespace of their own.\nThis system refuses one.\nRun: sudo sysctl kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0',
  );
  process.exit(1);
}
process.exitCode = process.env[inNamespace] ? await inside() : await outside();
