import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import { isEnabled } from '../agent/operation-settings.ts';
import { loadMapperRules } from '../mapper/mapper-rules.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { uploadFile } from '../upload/upload-file.ts';
import { RequestJournal } from './request-journal.ts';
import { TwinOperations } from './twin-operations.ts';

/** What joins the twin and the agent, as one configuration directory describes it; undefined where a setting turns it off. Not started. */
export async function buildTwinOperations(platform: Platform, settings: TedgeSettings): Promise<TwinOperations | undefined> {
  if (settings.load('az.mapper.operations') !== true) return undefined;
  const { topicRoot, mainTopicId, prefix } = loadMapperRules(settings);
  return new TwinOperations(platform, {
    ...{ topicRoot, mainTopicId, prefix },
    host: settings.text('mqtt.client.host'),
    port: Number(settings.load('mqtt.client.port')),
    clientId: `tedge-operations-${prefix}`,
    journal: await RequestJournal.open(platform, join(settings.path('data.path'), 'operations', 'requests.json')),
    isEnabled: (operation) => isEnabled(settings, operation),
    upload: uploadFile(platform, settings),
  });
}
