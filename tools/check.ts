/** `npm run check`: formatting, lint, types, tidy, dependencies and the tests that stand beside the code. In under a minute. */
import { globSync } from 'node:fs';
import { repository, runAll } from './run.ts';

const beside = globSync(['src/**/*.test.ts', 'tools/**/*.test.ts', 'web/src/**/*.test.ts'], { cwd: repository });
if (beside.length < 40) {
  console.error(`check: found ${beside.length} test files beside the code, expected at least 40`);
  process.exit(1);
}

process.exitCode = await runAll([
  { name: 'format and lint', command: 'biome', parameters: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', parameters: ['--noEmit'] },
  { name: 'types of the web app', command: 'tsc', parameters: ['--noEmit', '-p', 'web'] },
  { name: 'tidy', command: process.execPath, parameters: ['tools/tidy.ts'] },
  { name: 'dependencies', command: process.execPath, parameters: ['tools/audit.ts'] },
  { name: 'licences and notices', command: process.execPath, parameters: ['tools/notices.ts', '--check'] },
  ...(process.argv.includes('--no-tests')
    ? []
    : [{ name: `${beside.length} test files`, command: process.execPath, parameters: ['--test', ...beside] }]),
]);
