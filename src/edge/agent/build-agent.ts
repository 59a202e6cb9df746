import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { serviceHealth } from '../health/service-health.ts';
import { loadMapperRules, timeFormatOf } from '../mapper/mapper-rules.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { uploadFile } from '../upload/upload-file.ts';
import { Agent } from './agent.ts';
import { CommandJournal } from './command-journal.ts';
import { configSnapshot, configUpdate } from './configuration-files.ts';
import { downloadFile } from './download.ts';
import { logUpload } from './log-upload.ts';
import type { Operation } from './operation.ts';
import { isEnabled, operationSettings } from './operation-settings.ts';
import { restart } from './restart.ts';
import { softwareList } from './software-list.ts';
import { softwareUpdate } from './software-update.ts';

/** The name of the service, of its session and of its lock, as the original has it. */
export const agentName = 'tedge-agent';

export type AgentWorld = {
  readonly pid: number;
  /** By what a start of the machine is known; the kernel's, unless said otherwise. */
  readonly bootIdPath?: string;
};

const kernelBootIdPath = '/proc/sys/kernel/random/boot_id';

/** The agent that one configuration directory describes, not started. Throws Problem for settings and files that do not fit. */
export async function buildAgent(
  platform: Platform,
  settings: TedgeSettings,
  { pid, bootIdPath = kernelBootIdPath }: AgentWorld,
): Promise<Agent> {
  const { topicRoot, mainTopicId } = loadMapperRules(settings);
  const names = { topicRoot, mainTopicId };
  return new Agent(platform, {
    names,
    health: serviceHealth({
      ...names,
      service: agentName,
      type: settings.text('service.type'),
      timeFormat: timeFormatOf(settings, 'service.timestamp_format'),
      pid,
    }),
    host: settings.text('mqtt.client.host'),
    port: Number(settings.load('mqtt.client.port')),
    clientId: agentName,
    operations: buildOperations(platform, settings, bootIdPath),
    turnedOff: Object.keys(operationSettings).filter((name) => isEnabled(settings, name) !== true),
    journal: await CommandJournal.open(platform, join(settings.path('data.path'), 'agent')),
  });
}

function buildOperations(platform: Platform, settings: TedgeSettings, bootIdPath: string): Operation[] {
  const configDirectory = settings.directory;
  const upload = uploadFile(platform, settings);
  const download = downloadFile(platform, settings);
  const defaultType = settings.load('software.plugin.default');
  const software = {
    pluginDirectory: join(configDirectory, 'sm-plugins'),
    listedMax: Number(settings.load('software.plugin.max_packages')),
    defaultType: typeof defaultType === 'string' ? defaultType : undefined,
  };
  const operations: Readonly<Record<keyof typeof operationSettings, Operation>> = {
    restart: restart(platform, { configDirectory, bootIdPath }),
    log_upload: logUpload({ configDirectory, upload }),
    config_snapshot: configSnapshot({ configDirectory, upload }),
    config_update: configUpdate(platform, { configDirectory, download }),
    software_list: softwareList(platform, software),
    software_update: softwareUpdate(platform, { ...software, download }),
  };
  return Object.values(operations).filter(({ name }) => isEnabled(settings, name) === true);
}
