import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { type LogLevel, openLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { resolveSettings } from '#base/settings.ts';
import { type RunningServer, startServer } from './build.ts';
import type { ClockControl } from './clock/clock-control.ts';
import { serverSettings } from './config.ts';
import { type HomeportHub, homeportHub } from './homeport-hub.ts';
import { makeMemoryDirectory } from './memory-directory.ts';
import { ownAddress } from './own-address.ts';
import { builtWebDirectory } from './static-files.ts';
import type { ServerStatus } from './status.ts';

export type HomeportOptions = {
  /** The data directory; made when it is missing. Without it one of its own, whose clock can be moved, and which goes with `stop`. */
  readonly directory?: string;
  /** Address to listen on; without it 127.0.0.1 for a directory that was named, else a loopback address of its own, where the system has such. */
  readonly address?: string;
  /** Names clients use for this server. Beyond loopback there must be one. */
  readonly hostNames?: readonly string[];
  /** Makes a new data directory one whose clock can be moved; refused for one that was made without. */
  readonly development?: boolean;
  /** Keeps a directory of its own in memory: nothing reaches a disk, and nothing waits for one. Refused where the system has no such place. */
  readonly inMemory?: boolean;
  /** Runs a simulated device. */
  readonly demo?: boolean;
  /** What is written to standard error; without it, warnings and errors. */
  readonly logLevel?: LogLevel;
};

export type Homeport = {
  /** Where it listens. */
  readonly address: string;
  readonly directory: string;
  /** PEM of the CA that clients are to trust, and the file that it is in. */
  readonly ca: string;
  readonly caFile: string;
  /** The hub that is always there. */
  readonly hub: HomeportHub;
  /** Adds a hub with devices and keys of its own, `{name}.localhost` unless host names were given. */
  createHub(name: string): Promise<HomeportHub>;
  deleteHub(name: string): Promise<void>;
  /** The device provisioning service. */
  readonly dps: {
    readonly hostName: string;
    readonly idScope: string;
    readonly connectionStrings: Readonly<Record<string, string>>;
  };
  /** What `homeport status --json` prints; with secrets, an API token is minted for this call. */
  status(options: { withSecrets: boolean }): Promise<ServerStatus>;
  /** A link that signs a person in, once. */
  createSignInLink(): Promise<string>;
  /** Moves the clock of a data directory that was made for development; a rejection says why it does not. */
  readonly clock: Pick<ClockControl, 'describe' | 'advance' | 'set' | 'run' | 'stop'>;
  /** Drains and closes everything; what was acknowledged is on disk, unless the directory was its own, which is removed. */
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
export async function startHomeport(options: HomeportOptions = {}): Promise<Homeport> {
  const { directory: asked, hostNames, demo, inMemory = false, logLevel = 'warn' } = options;
  const isOwn = asked === undefined;
  if (inMemory && !isOwn) throw new Error('A directory that is named is where it is: leave it out, or inMemory.');
  const address = options.address ?? (isOwn ? await ownAddress(systemRandom) : undefined);
  const { values } = resolveSettings(serverSettings, {
    flags: { 'listeners.address': address, 'listeners.hostNames': hostNames && [...hostNames], 'demo.enabled': demo },
  });
  process.umask(0o077);
  const own = inMemory ? () => makeMemoryDirectory().directory : () => mkdtemp(join(tmpdir(), 'homeport-'));
  const directory = isOwn ? await own() : resolve(asked);
  const remove = async () => {
    if (isOwn) await rm(directory, { recursive: true, force: true });
  };
  try {
    const platform = { clock: systemClock, random: systemRandom, log: openLog(logLevel) };
    const { development = isOwn } = options;
    const start = { platform, directory, settings: values, webDirectory: builtWebDirectory, isDevelopment: development };
    return await describe(await startServer(start), remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function describe(server: RunningServer, remove: () => Promise<void>): Promise<Homeport> {
  const { status, createSignInLink, clock, hubs, hubStatusOf } = server;
  const { address, ca: caFile, dataDirectory: directory, dps } = await status({ withSecrets: false });
  const describeHub = (hub: RunningServer['main']) => homeportHub(hub, hubStatusOf(hub));
  return {
    address,
    directory,
    ca: await readFile(caFile, 'utf8'),
    caFile,
    hub: describeHub(server.main),
    createHub: async (name) => describeHub(await hubs.create(name)),
    deleteHub: (name) => hubs.delete(name),
    dps: { hostName: dps.hostName, idScope: dps.idScope, connectionStrings: server.dpsConnectionStrings() },
    status,
    createSignInLink,
    clock,
    async stop() {
      await server.stop();
      await remove();
    },
  };
}
