import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { mapperName } from '../mapper/build-mapper.ts';
import { mosquittoMode } from '../mosquitto/mosquitto-mode.ts';
import { findServiceManager } from '../services/find-service-manager.ts';
import type { ServiceManager } from '../services/service-manager.ts';
import { openSupervisor } from '../services/supervisor.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { bridgeFilePath, isBuiltIn, isConnected } from './bridge-file.ts';
import { builtInMode } from './built-in-mode.ts';
import type { ConnectionMode } from './connection-mode.ts';

export type ModeWorld = {
  readonly settings: TedgeSettings;
  /** The program and the words that run a component of ours in the background: `all`, `tedge-mapper`. */
  readonly runCommand: (component: string) => readonly string[];
};

/** The service of the mapper beside Mosquitto, as the first generation calls it. */
const firstMapperName = 'tedge-mapper';

/** The way of bridging that the settings ask for. Throws Problem. */
export function chooseMode(platform: Platform, world: ModeWorld): Promise<ConnectionMode> {
  return openMode(platform, world, world.settings.load('mqtt.bridge.built_in') === true);
}

/** The way of bridging that is connected, whatever the settings say by now; undefined where none is, and nothing is asked of the machine. */
export async function findConnectedMode(platform: Platform, world: ModeWorld): Promise<ConnectionMode | undefined> {
  const path = bridgeFilePath(world.settings);
  return (await isConnected(path)) ? openMode(platform, world, await isBuiltIn(path)) : undefined;
}

async function openMode(platform: Platform, world: ModeWorld, isBuiltInMode: boolean): Promise<ConnectionMode> {
  const { settings } = world;
  const manager = await findServiceManager(platform.clock, { configDirectory: settings.directory });
  if (isBuiltInMode) {
    const isKnown = manager && (await manager.knows(mapperName));
    return builtInMode(platform, { settings, manager: isKnown ? manager : supervisorOf(platform, world, 'all') });
  }
  if (!manager) {
    throw new Problem(
      'not-supported',
      `'mqtt.bridge.built_in' is false, and nothing here restarts mosquitto: systemd does not run this machine, and ${settings.directory}/system.toml names no other.\nRun 'tedge config set mqtt.bridge.built_in true' for a bridge that needs neither.`,
    );
  }
  const isKnown = await manager.knows(firstMapperName);
  const mapper = isKnown
    ? { name: firstMapperName, manager }
    : { name: mapperName, manager: supervisorOf(platform, world, 'tedge-mapper') };
  return mosquittoMode(platform, { settings, manager, mapper });
}

/** Who runs a component where the manager of the machine has no such service: installed by hand or from a clone, nobody told it. */
function supervisorOf(platform: Platform, { settings, runCommand }: ModeWorld, component: string): ServiceManager {
  return openSupervisor(platform, {
    commandOf: (service) => (service === mapperName ? runCommand(component) : undefined),
    runDirectory: settings.path('run.path'),
    logsDirectory: settings.path('logs.path'),
  });
}
