import { join } from 'node:path';
import { runTedge } from '#cli/tedge/run-tedge.ts';
import { testPlatform } from './test-platform.ts';
import { temporaryDirectory, testTerminal } from './test-terminal.ts';

export type TedgeBench = ReturnType<typeof openTedgeBench>;

/** One thin-edge installation in a directory of the test's own, and its command line as a person types it. */
export function openTedgeBench(t: { after(fn: () => void): void }) {
  const directory = join(temporaryDirectory(t), 'etc');
  const platform = testPlatform();
  return {
    directory,
    platform,
    certificate: join(directory, 'device-certs/tedge-certificate.pem'),
    key: join(directory, 'device-certs/tedge-private-key.pem'),
    file: join(directory, 'tedge.toml'),
    /** Runs `line`, whose words have no spaces, with TEDGE_CONFIG_DIR and `environment`. */
    async run(line: string, environment: Record<string, string> = {}) {
      return this.runWords(line.split(' '), environment);
    },
    async runWords(words: readonly string[], environment: Record<string, string> = {}) {
      const terminal = testTerminal({
        environment: { TEDGE_CONFIG_DIR: directory, ...environment },
        workingDirectory: directory,
      });
      const code = await runTedge(words, { terminal, platform });
      return { code, stdout: terminal.output.join('\n'), stderr: terminal.errors.join('\n') };
    },
  };
}
