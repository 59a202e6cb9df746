import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { awaitBroker } from '../broker/await-broker.ts';
import { mapperName } from '../mapper/build-mapper.ts';
import { readLogTail, serviceLogPath } from '../services/service-log.ts';
import type { ServiceManager } from '../services/service-manager.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { bridgeFilePath, removeBridgeFile, writeBuiltInFile } from './bridge-file.ts';
import type { ConnectionMode } from './connection-mode.ts';

const startSecondsMax = 30;

/**
 * Our own bridge: broker, bridge and mapper are one service (`tedge run all az`), so nothing is written but the file that says so, and connecting is
 * starting it.
 */
export function builtInMode(
  platform: Platform,
  { settings, manager }: { settings: TedgeSettings; manager: ServiceManager },
): ConnectionMode {
  const bridgeFile = bridgeFilePath(settings);
  const at = { host: settings.text('mqtt.client.host'), port: Number(settings.load('mqtt.client.port')) };
  return {
    bridgeFile,
    manager,
    validate: async () => {},
    save: () => writeBuiltInFile(bridgeFile, platform.random),
    async start(tell) {
      tell(`Restarting ${mapperName} service.`);
      await manager.restart(mapperName);
      tell(`Awaiting ${mapperName} to start. This may take up to ${startSecondsMax} seconds.`);
      if (!(await awaitBroker(platform, at, startSecondsMax * 1000)) || !(await manager.isActive(mapperName))) {
        throw new Problem('unavailable', `${mapperName} was started and does not run. What it wrote to its log says why.`);
      }
      if (manager.startsOnBoot) {
        tell(`Persisting ${mapperName} on reboot.`);
        await manager.enable(mapperName);
      } else tell(`Warning: ${mapperName} will not start on reboot: ${manager.name} cannot do that.`);
      tell('Successfully created bridge connection!');
    },
    async undo() {
      await removeBridgeFile(bridgeFile);
      // What failed to start is not worth a second complaint.
      await manager.stop(mapperName).catch(() => {});
    },
    async disconnect(tell) {
      tell(`Stopping ${mapperName} service.`);
      await manager.stop(mapperName);
      if (manager.startsOnBoot) {
        tell(`Disabling ${mapperName} service.`);
        await manager.disable(mapperName);
      }
      await removeBridgeFile(bridgeFile);
      tell(`${mapperName} service successfully stopped${manager.startsOnBoot ? ' and disabled' : ''}!`);
      tell('Azure Bridge successfully disconnected!');
    },
    stopped: async () => ((await manager.isActive(mapperName)) ? undefined : mapperName),
    explain: async () => explainLog(serviceLogPath(settings.path('logs.path'), mapperName)),
  };
}

/** The last thing that the bridge said of its connection, if that was a complaint. */
async function explainLog(path: string): Promise<string | undefined> {
  for (const line of (await readLogTail(path)).split('\n').reverse()) {
    const { event, error } = readEvent(line);
    if (event === 'bridge.connected') return undefined;
    if (event === 'bridge.connect-failed' && typeof error === 'string') return error;
  }
  return undefined;
}

/** A line of the log; what is none, such as the first of a tail, says nothing. */
function readEvent(line: string): JsonObject {
  try {
    const value = parseJson(line);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
