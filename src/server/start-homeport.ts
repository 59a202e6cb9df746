import { resolve } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { type LogLevel, openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { resolveSettings } from '#base/settings.ts';
import { startServer } from './build.ts';
import type { ClockControl } from './clock/clock-control.ts';
import { serverSettings } from './config.ts';
import { builtWebDirectory } from './static-files.ts';
import type { ServerStatus } from './status.ts';

export type HomeportOptions = {
  /** The data directory; made when it is missing. */
  readonly directory: string;
  /** Address to listen on; without it 127.0.0.1. Any loopback address gives a second server the same ports. */
  readonly address?: string;
  /** Names clients use for this server. Beyond loopback there must be one. */
  readonly hostNames?: readonly string[];
  /** Makes a new data directory one whose clock can be moved; refused for one that was made without. */
  readonly development?: boolean;
  /** Runs a simulated device. */
  readonly demo?: boolean;
  /** What is written to standard error; without it, warnings and errors. */
  readonly logLevel?: LogLevel;
};

export type Homeport = {
  /** What `homeport status --json` prints; with secrets, an API token is minted for this call. */
  status(options: { withSecrets: boolean }): Promise<ServerStatus>;
  /** A link that signs a person in, once. */
  createSignInLink(): Promise<string>;
  /** Moves the clock of a data directory that was made for development; a rejection says why it does not. */
  readonly clock: Pick<ClockControl, 'describe' | 'advance' | 'set' | 'run' | 'stop'>;
  /** Drains and closes everything; what was acknowledged is on disk. */
  stop(): Promise<void>;
};

/**
 * Starts a server inside this process: the package's public door, for test suites that want a hub of their
 * own. Settings are the options and nothing else; no environment and no file is read. Throws an Error that
 * says what to mend.
 *
 * Sets this process's umask to 077: databases and sockets are made by libraries that do not ask which mode
 * they should have, and a server refuses to start on key files that others can read.
 */
export async function startHomeport(options: HomeportOptions): Promise<Homeport> {
  const { directory, address, hostNames, demo, development = false, logLevel = 'warn' } = options;
  const { values } = resolveSettings(serverSettings, {
    flags: { 'listeners.address': address, 'listeners.hostNames': hostNames && [...hostNames], 'demo.enabled': demo },
  });
  process.umask(0o077);
  const platform = { clock: systemClock, random: systemRandom, log: openLog(logLevel) };
  const { status, createSignInLink, clock, stop } = await startServer({
    platform,
    directory: resolve(directory),
    settings: values,
    webDirectory: builtWebDirectory,
    isDevelopment: development,
  });
  return { status, createSignInLink, clock, stop };
}
