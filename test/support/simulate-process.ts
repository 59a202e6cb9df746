import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { RunningHomeport } from './start-homeport.ts';

/** `homeport simulate` as a person runs it, with a hand on its buttons. */
export class SimulateProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  log = '';

  constructor(home: Pick<RunningHomeport, 'data'>, words: readonly string[]) {
    const bin = join(import.meta.dirname, '../../bin/homeport');
    this.#child = spawn(process.execPath, [bin, 'simulate', '--buttons', 'stdin', ...words], {
      env: { PATH: process.env.PATH, HOMEPORT_DATA: home.data },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (chunk) => {
        this.log += chunk;
      });
    }
  }

  deviceId(): Promise<string> {
    return eventually(() => /^INFO: Device ID: ([0-9a-f]{128})$/m.exec(this.log)?.[1]);
  }

  says(pattern: RegExp): Promise<RegExpExecArray> {
    return eventually(() => pattern.exec(this.log) ?? undefined, 30_000).catch(() => {
      throw new Error(`the board did not say ${pattern}:\n${this.log}`);
    });
  }

  press(button: 'a' | 'b'): void {
    this.#child.stdin.write(`${button}\n`);
  }

  end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#child.exitCode !== null) return Promise.resolve(this.#child.exitCode);
    return new Promise((resolve) => {
      this.#child.once('exit', (code) => resolve(code));
      this.#child.kill(signal);
    });
  }
}
