import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const repository = join(import.meta.dirname, '..');

export type RunOptions = { environment?: Readonly<Record<string, string>>; quiet?: boolean };

/** Runs a command with this terminal and resolves with its exit code; a signal counts as 1. */
export function run(
  command: string,
  parameters: readonly string[],
  { environment = {}, quiet = false }: RunOptions = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      cwd: repository,
      stdio: quiet ? 'ignore' : 'inherit',
      env: { ...process.env, ...environment },
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** Runs commands one after the other and says which one failed. */
export async function runAll(
  steps: readonly { name: string; command: string; parameters: readonly string[]; options?: RunOptions }[],
): Promise<number> {
  for (const { name, command, parameters, options } of steps) {
    const started = performance.now();
    const code = await run(command, parameters, options);
    console.log(`${code === 0 ? 'passed' : 'FAILED'}: ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    if (code !== 0) return code;
  }
  return 0;
}
