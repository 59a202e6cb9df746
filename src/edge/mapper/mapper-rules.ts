import { Problem } from '#base/problem.ts';
import { MalformedPacket } from '#wire/mqtt/packet.ts';
import { checkTopicFilter } from '#wire/mqtt/topic-filter.ts';
import { loadChildrenRule } from '../children/child-name.ts';
import { padTopicId } from '../entities/entity.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import type { TimeFormat } from '../entities/time-text.ts';
import type { SettingName } from '../settings/setting-keys.ts';
import type { SettingValue } from '../settings/setting-value.ts';

/** How the mapper was told to translate. */
export type MapperRules = LocalNames & {
  /** First level of the bridge's topics. */
  readonly prefix: string;
  /** Topics that are translated. */
  readonly filters: readonly string[];
  readonly addsTime: boolean;
  readonly timeFormat: TimeFormat;
  readonly payloadBytesMax: number;
  /** Whether Thin Edge JSON is insisted on under the names of later generations as well. */
  readonly isStrict: boolean;
  /** Extensions: what a reader written for the original does not expect, each with a setting. */
  readonly tellsCleared: boolean;
  readonly reportsTwin: boolean;
  readonly statesContentType: boolean;
  /** Whether child devices are identities of the hub, which speak for themselves. */
  readonly childrenSpeak: boolean;
};

type Settings = { load(name: SettingName): SettingValue | undefined; text(name: SettingName): string };

/** Names of the first generation, which are always read. */
const legacyFilters = [
  'tedge/measurements',
  'tedge/measurements/+',
  'tedge/events/+',
  'tedge/events/+/+',
  'tedge/alarms/+/+',
  'tedge/alarms/+/+/+',
  'tedge/health/+',
];

/** Throws Problem `argument-invalid` for a setting with which no broker could be asked. */
export function loadMapperRules(settings: Settings): MapperRules {
  const topicRoot = requireLevel(settings, 'mqtt.topic_root');
  const prefix = requireLevel(settings, 'az.bridge.topic_prefix');
  const mainTopicId = padTopicId(settings.text('mqtt.device_topic_id'));
  if (/[+#\0]/.test(mainTopicId) || mainTopicId.split('/').length !== 4) {
    throw new Problem('argument-invalid', `'mqtt.device_topic_id' has four levels, such as device/main//, not '${mainTopicId}'.`);
  }
  const topics = settings.load('az.topics');
  // The defaults are written with the default root.
  const filters = (Array.isArray(topics) ? topics : []).map((filter) => filter.replace(/^te\//, `${topicRoot}/`));
  for (const filter of filters) requireFilter(filter);
  const reportsTwin = settings.load('az.mapper.twin') === true;
  const childrenSpeak = loadChildrenRule(settings) !== undefined;
  const twinFilter = `${topicRoot}/${childrenSpeak ? '+/+/+/+' : mainTopicId}/twin/+`;
  return {
    topicRoot,
    mainTopicId,
    prefix,
    filters: [...filters, ...legacyFilters, ...(reportsTwin ? [twinFilter] : [])],
    addsTime: settings.load('az.mapper.timestamp') === true,
    timeFormat: timeFormatOf(settings, 'az.mapper.timestamp_format'),
    payloadBytesMax: Number(settings.load('az.mapper.mqtt.max_payload_size')),
    isStrict: settings.load('az.mapper.strict') === true,
    tellsCleared: settings.load('az.mapper.cleared_alarms') === true,
    reportsTwin,
    childrenSpeak,
    statesContentType: settings.load('az.mapper.content_type') === true,
  };
}

export function timeFormatOf(settings: Settings, name: SettingName): TimeFormat {
  return settings.text(name) === 'rfc-3339' ? 'rfc-3339' : 'unix';
}

function requireLevel(settings: Settings, name: SettingName): string {
  const level = settings.text(name);
  if (/^[^/+#\0]+$/.test(level)) return level;
  throw new Problem('argument-invalid', `'${name}' is one level of a topic, without / + and #, not '${level}'.`);
}

function requireFilter(filter: string): void {
  try {
    checkTopicFilter(filter);
  } catch (cause) {
    if (!(cause instanceof MalformedPacket)) throw cause;
    throw new Problem('argument-invalid', `'az.topics' has '${filter}', which is no topic filter.`, { cause });
  }
}
