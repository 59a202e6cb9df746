import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { answersMqtt, awaitBroker } from '../broker/await-broker.ts';
import { certificatePaths } from '../certificate/certificate-paths.ts';
import { bridgeFilePath } from '../connect/bridge-file.ts';
import type { ConnectionMode } from '../connect/connection-mode.ts';
import type { Tell } from '../connect/transcript.ts';
import type { ServiceManager } from '../services/service-manager.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { checkInstalled } from './check-installed.ts';
import { giveFiles } from './give-files.ts';
import { loadInstalledConf } from './installed-conf.ts';
import {
  formatMosquittoFiles,
  mosquittoFiles,
  removeMosquittoFiles,
  saveMosquittoFiles,
  takeBridgeFile,
} from './mosquitto-files.ts';
import { bridgeComplaint, logSize, readLogLines, startComplaint } from './mosquitto-log.ts';

/** A service and who starts it. */
export type PlacedService = { readonly name: string; readonly manager: ServiceManager };

export type MosquittoModeOptions = {
  readonly settings: TedgeSettings;
  readonly manager: ServiceManager;
  readonly mapper: PlacedService;
};

const broker = 'mosquitto';
const installedPath = '/etc/mosquitto/mosquitto.conf';
const awaitSecondsMax = 5;

/** The bridge of Mosquitto, and for each step the sentence of the first generation (thin-edge.md 3.6, 3.8). */
export function mosquittoMode(platform: Platform, options: MosquittoModeOptions): ConnectionMode {
  const { settings, manager, mapper } = options;
  const files = mosquittoFiles(settings);
  const port = Number(settings.load('mqtt.bind.port'));
  const at = { host: settings.text('mqtt.client.host'), port: Number(settings.load('mqtt.client.port')) };
  const loadInstalled = () => loadInstalledConf(installedPath, files.directory);
  /** What of mosquitto's log is older than this connection. */
  let logStart = 0;
  const logLines = async () => readLogLines((await loadInstalled())?.logFile, logStart);

  /** Mosquitto tells nobody but its log why it does not start. */
  async function startFailure(cause: unknown): Promise<Problem> {
    const why = startComplaint(await logLines());
    const isTaken = why === 'Address already in use' || (await answersMqtt(platform, at));
    return new Problem(
      'unavailable',
      [
        `mosquitto was restarted and does not run${why === undefined ? '' : `: ${why}`}.`,
        ...(isTaken
          ? [`Somebody else listens on port ${port}. Stop it, or run 'tedge config set mqtt.bind.port PORT'.`]
          : [cause instanceof Problem ? cause.message : `${broker} does not answer at ${at.host}:${at.port}.`]),
      ].join('\n'),
      { cause },
    );
  }

  async function persist(tell: Tell, service: PlacedService): Promise<void> {
    if (service.manager.startsOnBoot) {
      tell(`Persisting ${service.name} on reboot.`);
      await service.manager.enable(service.name);
    } else tell(`Warning: ${service.name} will not start on reboot: ${service.manager.name} cannot do that.`);
  }

  return {
    bridgeFile: bridgeFilePath(settings),
    manager,
    async validate() {
      await formatMosquittoFiles(settings);
      if (!(await manager.knows(broker))) {
        throw new Problem('not-found', `${manager.name} has no service ${broker}.\nRun: apt-get install mosquitto`);
      }
      const installed = await loadInstalled();
      if (installed) checkInstalled(installed, files, port);
    },
    async save() {
      const installed = await loadInstalled();
      // Nobody else may give files away, and mosquitto started by somebody else stays that one.
      if (process.geteuid?.() === 0 && installed && installed.user !== 'root') {
        await giveFiles(platform.clock, installed.user, Object.values(certificatePaths(settings, 'az')));
      }
      await saveMosquittoFiles(platform.random, settings);
    },
    async start(tell) {
      logStart = await logSize((await loadInstalled())?.logFile);
      tell(`Restarting ${broker} service.`);
      await manager.restart(broker).catch(async (error: unknown) => {
        throw await startFailure(error);
      });
      tell(`Awaiting ${broker} to start. This may take up to ${awaitSecondsMax} seconds.`);
      if (!(await awaitBroker(platform, at, awaitSecondsMax * 1000))) throw await startFailure(undefined);
      await persist(tell, { name: broker, manager });
      tell('Successfully created bridge connection!');
      tell(`Checking if ${mapper.name} is installed.`);
      tell(`Starting ${mapper.name} service.`);
      // One that ran before goes on with the settings of before.
      await mapper.manager.restart(mapper.name);
      await persist(tell, mapper);
      const isPersistent = mapper.manager.startsOnBoot;
      tell(`${mapper.name} service successfully started${isPersistent ? ' and enabled' : ''}!`);
    },
    async undo() {
      await removeMosquittoFiles(files);
      // As it was before, if it ran; what failed is not worth a second complaint.
      await manager.restart(broker).catch(() => {});
      await mapper.manager.stop(mapper.name).catch(() => {});
    },
    async disconnect(tell) {
      const putBack = await takeBridgeFile(platform.random, files);
      try {
        tell(`Applying changes to ${broker}.`);
        await manager.restart(broker);
        tell('Azure Bridge successfully disconnected!');
        tell(`Stopping ${mapper.name} service.`);
        await mapper.manager.stop(mapper.name);
        const isPersistent = mapper.manager.startsOnBoot;
        if (isPersistent) {
          tell(`Disabling ${mapper.name} service.`);
          await mapper.manager.disable(mapper.name);
        }
        tell(`${mapper.name} service successfully stopped${isPersistent ? ' and disabled' : ''}!`);
      } catch (error) {
        // The device stays connected, or disconnecting once more would find nothing to do.
        await putBack();
        throw error;
      }
    },
    stopped: async () => ((await manager.isActive(broker)) ? undefined : broker),
    explain: async () => bridgeComplaint(await logLines()),
  };
}
