import { type Entity, padTopicId, parseEntity, serviceTopicId } from './entity.ts';

/** What kinds of channels carry. `silent` ones are for programs on the device, and no business of the cloud's. */
export type Channel =
  | { readonly kind: 'measurement' | 'event' | 'alarm' | 'twin'; readonly name: string }
  | { readonly kind: 'health' | 'silent' };

export type LocalTopic = {
  readonly entity: Entity;
  readonly channel: Channel;
  /** From a name of the first generation: its own rules of JSON hold, and an alarm's severity stands in the topic. */
  readonly era: 'first' | 'later';
  readonly severity?: string;
};

export type LocalNames = { readonly topicRoot: string; readonly mainTopicId: string };

const severities: readonly string[] = ['critical', 'major', 'minor', 'warning'];
const kinds: Readonly<Record<string, 'measurement' | 'event' | 'alarm' | 'twin'>> = {
  m: 'measurement',
  e: 'event',
  a: 'alarm',
  twin: 'twin',
};

/**
 * Reads a topic of either generation (thin-edge.md 9). A text in return is what is wrong with it; undefined is a topic
 * that belongs to neither.
 */
export function parseLocalTopic(topic: string, names: LocalNames): LocalTopic | string | undefined {
  const [root, ...rest] = topic.split('/');
  if (root === names.topicRoot) return parseTopic(rest, names);
  return root === 'tedge' ? parseLegacyTopic(rest, names) : undefined;
}

function parseTopic(parts: readonly string[], { mainTopicId }: LocalNames): LocalTopic | string {
  const [channel, ...rest] = parts.slice(4);
  // `te/errors`, and whatever else is shorter than an entity.
  if (parts.length < 4) return silent(mainTopicId);
  const entity = parseEntity(parts.slice(0, 4), mainTopicId);
  if (!entity) return 'the topic names no device';
  const kind = channel === undefined || !Object.hasOwn(kinds, channel) ? undefined : kinds[channel];
  // A level more is metadata, a level less nothing we know.
  if (kind && rest.length === 1) return { entity, channel: { kind, name: rest[0] ?? '' }, era: 'later' };
  const isHealth = channel === 'status' && rest.length === 1 && rest[0] === 'health';
  return { entity, channel: { kind: isHealth ? 'health' : 'silent' }, era: 'later' };
}

/** `tedge/measurements/<child>` and its like: names of 0.x, which later generations gave new ones. */
function parseLegacyTopic([noun, ...rest]: readonly string[], names: LocalNames): LocalTopic | string {
  const of = (kind: 'measurement' | 'event' | 'alarm', name: string, child: string | undefined, severity?: string) => {
    const entity = deviceEntity(child, names.mainTopicId);
    if (!entity) return 'the topic names no device';
    return { entity, channel: { kind, name }, era: 'first' as const, ...(severity === undefined ? {} : { severity }) };
  };
  if (noun === 'measurements' && rest.length <= 1) return of('measurement', '', rest[0]);
  if (noun === 'events' && (rest.length === 1 || rest.length === 2)) {
    const [type = '', child] = rest;
    return type === '' ? 'the topic names no type of event' : of('event', type, child);
  }
  if (noun === 'alarms' && (rest.length === 2 || rest.length === 3)) {
    const [severity = '', type = '', child] = rest;
    if (!severities.includes(severity)) return `the topic's severity is none of ${severities.join(', ')}`;
    return type === '' ? 'the topic names no type of alarm' : of('alarm', type, child, severity);
  }
  const [service = ''] = rest;
  if (noun === 'health' && rest.length === 1 && service !== '') {
    const entity = { topicId: serviceTopicId(names.mainTopicId, service), child: undefined };
    return { entity, channel: { kind: 'health' }, era: 'first' };
  }
  return silent(names.mainTopicId);
}

function deviceEntity(child: string | undefined, mainTopicId: string): Entity | undefined {
  return child === undefined
    ? { topicId: mainTopicId, child }
    : parseEntity(padTopicId(`device/${child}`).split('/'), mainTopicId);
}

function silent(mainTopicId: string): LocalTopic {
  return { entity: { topicId: mainTopicId, child: undefined }, channel: { kind: 'silent' }, era: 'later' };
}
