import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { mapperName } from '../mapper/build-mapper.ts';
import { findServiceManager } from '../services/find-service-manager.ts';
import type { ServiceManager } from '../services/service-manager.ts';
import { openSupervisor } from '../services/supervisor.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { bridgeFilePath, isBuiltIn, isConnected } from './bridge-file.ts';
import { builtInMode } from './built-in-mode.ts';
import type { ConnectionMode } from './connection-mode.ts';

export type ModeWorld = {
  readonly settings: TedgeSettings;
  /** The program and the words that run a component of ours in the background: `all`. */
  readonly runCommand: (component: string) => readonly string[];
};

/** The way of bridging that the settings ask for. Throws Problem. */
export function chooseMode(platform: Platform, world: ModeWorld): Promise<ConnectionMode> {
  return openMode(platform, world, world.settings.load('mqtt.bridge.built_in') === true);
}

/** The way of bridging that is connected, whatever the settings say by now; the one they ask for where none is. */
export async function chooseConnectedMode(platform: Platform, world: ModeWorld): Promise<ConnectionMode> {
  const path = bridgeFilePath(world.settings);
  return (await isConnected(path)) ? openMode(platform, world, await isBuiltIn(path)) : chooseMode(platform, world);
}

async function openMode(platform: Platform, world: ModeWorld, isBuiltInMode: boolean): Promise<ConnectionMode> {
  const { settings } = world;
  if (!isBuiltInMode) {
    throw new Problem('not-supported', "'mqtt.bridge.built_in' is false, and this build does not drive Mosquitto.");
  }
  return builtInMode(platform, { settings, manager: await managerFor(platform, world) });
}

/** A manager of the machine, if it has the service; installed by hand, from a clone or below a home, nobody told it. */
async function managerFor(platform: Platform, { settings, runCommand }: ModeWorld): Promise<ServiceManager> {
  const manager = await findServiceManager(platform.clock, { configDirectory: settings.directory });
  if (manager && (await manager.knows(mapperName))) return manager;
  return openSupervisor(platform, {
    commandOf: (service) => (service === mapperName ? runCommand('all') : undefined),
    runDirectory: settings.path('run.path'),
    logsDirectory: settings.path('logs.path'),
  });
}
