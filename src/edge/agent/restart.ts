import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { parseTomlTable } from '#base/settings.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { runProgram } from '../host/run-program.ts';
import { restartMsMax } from './limits.ts';
import type { Operation, Work } from './operation.ts';

export type RestartOptions = {
  readonly configDirectory: string;
  /** A file that says something else after each start of the machine: the kernel's. */
  readonly bootIdPath: string;
};

const fileBytesMax = 64 * 1024;
/** The original's. */
const rebootDefault = ['init', '6'];
const commandMsMax = 60_000;

/**
 * Restarts the machine. The command has succeeded when the agent runs on a machine that was started anew, and failed when that has not come
 * in five minutes: an agent that was merely restarted itself waits on.
 */
export function restart(platform: Platform, options: RestartOptions): Operation {
  return {
    name: 'restart',
    capability: async () => ({}),
    prepare: async () => ({ bootId: await readBootId(options) }),
    async run(_request, { signal }) {
      const words = await loadRebootWords(options.configDirectory);
      const end = await runProgram(platform, { words, signal, timeoutMs: commandMsMax, outputBytesMax: fileBytesMax });
      if (end.code !== 0) throw new Problem('unavailable', `${words.join(' ')} ended with ${end.code}. ${end.stderr}`);
      return waitForEnd(platform, signal);
    },
    async resume({ bootId }, { signal }: Work) {
      return (await readBootId(options)) === bootId ? waitForEnd(platform, signal) : {};
    },
  };
}

/** The machine takes us down with it; who is still here after that long was not restarted. */
function waitForEnd({ clock }: Platform, signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = () => {
      cancel();
      signal.removeEventListener('abort', end);
      reject(new Problem('device-timeout', 'The device has not restarted within 5 minutes.'));
    };
    const cancel = clock.after(restartMsMax, end);
    signal.addEventListener('abort', end);
  });
}

async function readBootId({ bootIdPath }: RestartOptions): Promise<string> {
  const bytes = await readSmallFile(bootIdPath, fileBytesMax);
  if (!bytes) throw new Problem('not-supported', `There is no ${bootIdPath}, by which a restart would be known.`);
  return bytes.toString('latin1').trim();
}

/** `reboot` in the section `[system]` of the administrator's `system.toml`, as of the original. */
async function loadRebootWords(configDirectory: string): Promise<readonly string[]> {
  const path = join(configDirectory, 'system.toml');
  const bytes = await readSmallFile(path, fileBytesMax);
  if (!bytes) return rebootDefault;
  const { system } = parseTomlTable({ name: path, text: bytes.toString('utf8') });
  const words = typeof system === 'object' && 'reboot' in system ? system.reboot : rebootDefault;
  const isWords = Array.isArray(words) && words.length > 0 && words.every((word) => typeof word === 'string');
  if (!isWords) throw new Problem('argument-invalid', `'system.reboot' in ${path} is not a list of a program and its arguments.`);
  return words.map(String);
}
