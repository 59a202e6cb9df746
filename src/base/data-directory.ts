import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** The environment variables a program was started with. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the parts of a data directory are found by programs other than the server. */
export type DataDirectory = {
  readonly directory: string;
  /** The administration socket: who can open it owns the installation. */
  readonly administrationSocket: string;
  /** Simulators' key stores, and the sockets on which they stand in for attached boards. */
  readonly devicesDirectory: string;
  /** What `azsphere login` remembers. */
  readonly azsphereFile: string;
};

/**
 * The data directory: `explicit` (a flag), else `HOMEPORT_DATA`, else `$XDG_STATE_HOME/homeport`, else
 * `~/.local/state/homeport`. A relative XDG_STATE_HOME is ignored, as the XDG specification demands.
 */
export function resolveDataDirectory(environment: Environment, explicit?: string): DataDirectory {
  const directory = resolve(explicit || environment.HOMEPORT_DATA || join(stateHome(environment), 'homeport'));
  return {
    directory,
    administrationSocket: join(directory, 'admin.sock'),
    devicesDirectory: join(directory, 'devices'),
    azsphereFile: join(directory, 'azsphere.json'),
  };
}

function stateHome(environment: Environment): string {
  const configured = environment.XDG_STATE_HOME;
  if (configured && isAbsolute(configured)) return configured;
  return join(environment.HOME || homedir(), '.local', 'state');
}
