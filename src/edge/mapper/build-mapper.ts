import type { Platform } from '#base/platform.ts';
import { serviceHealth } from '../health/service-health.ts';
import type { TedgeSettings } from '../settings/tedge-settings.ts';
import { Mapper } from './mapper.ts';
import { loadMapperRules, timeFormatOf } from './mapper-rules.ts';

/** The name of the service, of its session and of its lock, as the original has it. */
export const mapperName = 'tedge-mapper-az';

/** The mapper that one configuration directory describes, not started. Throws Problem `argument-invalid` for settings that do not fit. */
export function buildMapper(platform: Platform, settings: TedgeSettings, pid: number): Mapper {
  const rules = loadMapperRules(settings);
  const health = serviceHealth({
    topicRoot: rules.topicRoot,
    mainTopicId: rules.mainTopicId,
    service: mapperName,
    type: settings.text('service.type'),
    timeFormat: timeFormatOf(settings, 'service.timestamp_format'),
    pid,
  });
  return new Mapper(platform, {
    rules,
    health,
    host: settings.text('mqtt.client.host'),
    port: Number(settings.load('mqtt.client.port')),
    clientId: mapperName,
  });
}
