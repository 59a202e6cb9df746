import { stat } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { Problem } from '#base/problem.ts';
import { commandManager, isAvailable, systemdCommands } from './command-manager.ts';
import type { ServiceManager } from './service-manager.ts';
import { loadServiceCommands } from './system-file.ts';

export type ServiceManagerPlace = {
  readonly configDirectory: string;
  /** Is there where systemd runs the machine, and not only lies on its disk as in containers. */
  readonly systemdDirectory?: string;
};

/**
 * The service manager of this machine: the administrator's, else systemd where that runs; undefined where there is none
 * (thin-edge.md 16.5). Throws Problem for a `system.toml` that is wrong or whose manager does not answer.
 */
export async function findServiceManager(
  clock: Clock,
  { configDirectory, systemdDirectory = '/run/systemd/system' }: ServiceManagerPlace,
): Promise<ServiceManager | undefined> {
  const configured = await loadServiceCommands(configDirectory);
  if (configured) {
    if (await isAvailable(clock, configured)) return commandManager(clock, configured);
    throw new Problem(
      'unavailable',
      `The service manager '${configured.name}' of system.toml is not available: '${configured.isAvailable.join(' ')}' fails.`,
    );
  }
  const isThere = await stat(systemdDirectory).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isThere && (await isAvailable(clock, systemdCommands)) ? commandManager(clock, systemdCommands) : undefined;
}
