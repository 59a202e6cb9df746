/** `npm start`: builds the web app when it is missing or older than its sources, then starts the server with the demo device. */
import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '../bin/launch.mjs';
import { repository, run } from './run.ts';

function isBuilt(): boolean {
  try {
    const built = statSync(join(repository, 'web/dist/index.html')).mtimeMs;
    const sources = globSync(
      ['web/src/**/*', 'web/index.html', 'web/vite.config.ts', 'web/package.json', 'src/central/contract/*.ts'],
      { cwd: repository },
    );
    return sources.every((file) => statSync(join(repository, file)).mtimeMs <= built);
  } catch {
    return false;
  }
}

if (!isBuilt()) {
  console.error('Building the web app, once.');
  const code = await run('npm', ['run', 'build', '--workspace', 'web', '--silent', '--', '--logLevel', 'error']);
  if (code !== 0) process.exit(code);
}
process.argv.splice(2, process.argv.length, 'start', '--demo', ...process.argv.slice(2));
// The first minutes are for a person: what it prints, and trouble, and nothing else. A setting still decides.
process.env.HOMEPORT_LOG__LEVEL ??= 'warn';
// In this process, so that ^C and the exit code are the server's own.
await launch('#cli/homeport/main.ts');
