import { type Instant, secondMs } from '#base/instant.ts';
import { Problem } from '#base/problem.ts';
import { encodeDeviceBag } from '#wire/azure/message-properties.ts';
import { encodePercent } from '#wire/azure/percent.ts';
import { topicBytesMax } from '../broker/limits.ts';
import { childNameRule, childrenLevel, isChildName } from '../children/child-name.ts';
import { type LocalTopic, parseLocalTopic } from '../entities/local-topic.ts';
import { formatSeconds, parseRfc3339 } from '../entities/time-text.ts';
import { checkThinEdgeJson } from './check-thin-edge-json.ts';
import { formatMembers, jsonOf, normalizeJson, readMembers } from './json-members.ts';
import { spaceBytesMax } from './limits.ts';
import type { MapperRules } from './mapper-rules.ts';

export type LocalMessage = { readonly topic: string; readonly payload: Uint8Array };

/** What becomes of a local message on the way to the hub; `nothing` is for what is not the hub's business. */
export type Translation =
  | { readonly kind: 'publish'; readonly topic: string; readonly payload: string }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'refused'; readonly reason: string };

const nothing: Translation = { kind: 'nothing' };

/** Translates one message by the table of thin-edge.md 11.2. Pure: `now` is when it came. */
export function translate(message: LocalMessage, rules: MapperRules, now: Instant): Translation {
  const [root] = message.topic.split('/');
  const parsed = parseLocalTopic(message.topic, rules);
  if (typeof parsed === 'string') return refused(parsed);
  // A topic of nobody's scheme is one that az.topics names: it is the main device's. The bridge's own are never read back.
  const local: LocalTopic | undefined = parsed ?? (root === rules.prefix ? undefined : unnamed(rules.mainTopicId));
  if (!local || local.channel.kind === 'silent') return nothing;
  if (message.payload.length > rules.payloadBytesMax + spaceBytesMax) return refused(tooLarge(message.payload.length, rules));
  try {
    return local.channel.kind === 'twin'
      ? reportTwin(local, local.channel.name, message, rules)
      : translateTelemetry(local, message, rules, now);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return refused(error.message.replace(/\.$/, ''));
  }
}

function unnamed(mainTopicId: string): LocalTopic {
  return { entity: { topicId: mainTopicId, child: undefined }, channel: { kind: 'event', name: '' }, era: 'later' };
}

function translateTelemetry(local: LocalTopic, { payload }: LocalMessage, rules: MapperRules, now: Instant): Translation {
  const { kind } = local.channel;
  if (payload.length === 0 && kind === 'health') return nothing;
  if (payload.length === 0 && kind === 'alarm') {
    return rules.tellsCleared ? toHub(local, withTime(new Map([['cleared', 'true']]), rules, now), rules) : nothing;
  }
  // A bridge of Mosquitto says by one sign whether it is up.
  if (kind === 'health' && payload.length === 1 && (payload[0] === 0x30 || payload[0] === 0x31)) return nothing;
  const members = readMembers(payload);
  if (kind === 'measurement' && (rules.isStrict || local.era === 'first')) {
    const wrong = checkThinEdgeJson(members, local.era);
    if (wrong !== undefined) return refused(`${wrong}, as Thin Edge JSON wants it`);
  }
  if (local.severity !== undefined) members.set('severity', JSON.stringify(local.severity));
  return toHub(local, withTime(members, rules, now), rules);
}

/** A time that is there is rewritten only when it is of the other kind: a number where texts are wanted, or the reverse. */
function withTime(members: Map<string, string>, rules: MapperRules, now: Instant): Map<string, string> {
  const { timeFormat, addsTime } = rules;
  const text = members.get('time');
  if (text === undefined) {
    if (addsTime) members.set('time', formatSeconds(now / secondMs, timeFormat) ?? '0');
    return members;
  }
  const time = jsonOf(text);
  if (typeof time !== 'string' && typeof time !== 'number')
    throw new Problem('malformed', '"time" is neither a number nor a text.');
  if (typeof time === (timeFormat === 'unix' ? 'number' : 'string')) return members;
  const seconds = typeof time === 'string' ? parseRfc3339(time) : time;
  const rewritten = seconds === undefined ? undefined : formatSeconds(seconds, timeFormat);
  if (rewritten === undefined) throw new Problem('malformed', '"time" is no time as RFC 3339 writes it.');
  return members.set('time', rewritten);
}

function toHub({ entity }: LocalTopic, members: ReadonlyMap<string, string>, rules: MapperRules): Translation {
  const bag = encodeDeviceBag({
    system: {
      ...(rules.statesContentType ? { 'content-type': 'application/json', 'content-encoding': 'utf-8' } : {}),
      ...(entity.child === undefined || rules.childrenSpeak ? {} : { 'dt-subject': entity.child }),
    },
  });
  return publishAs(entity, rules, `messages/events/${bag}`, formatMembers(members));
}

/** A twin fragment of the main device, or of a child device that has a twin, as a reported property; an empty one takes it out. */
function reportTwin({ entity }: LocalTopic, name: string, { payload }: LocalMessage, rules: MapperRules): Translation {
  const hasTwin = entity.topicId === rules.mainTopicId || (rules.childrenSpeak && entity.topicId === `device/${entity.child}//`);
  if (!rules.reportsTwin || !hasTwin) return nothing;
  if (!/^[^.$#\s\p{Cc}]+$/u.test(name)) return refused('the name of the fragment cannot be that of a reported property');
  const value = payload.length === 0 ? 'null' : normalizeJson(payload);
  const topic = `twin/PATCH/properties/reported/?$rid=${encodePercent(`fragment-${name}`)}`;
  return publishAs(entity, rules, topic, formatMembers(new Map([[name, value]])));
}

/** On the topics of the bridge that carries what `child` says. */
function publishAs({ child }: LocalTopic['entity'], rules: MapperRules, topic: string, payload: string): Translation {
  if (child === undefined || !rules.childrenSpeak) return publishWithin(rules, topic, payload);
  return isChildName(child)
    ? publishWithin(rules, `${childrenLevel}/${child}/${topic}`, payload)
    : refused(`the child device cannot have its name at the hub: ${childNameRule}`);
}

function publishWithin(rules: MapperRules, topic: string, payload: string): Translation {
  const bytes = Buffer.byteLength(payload);
  if (bytes > rules.payloadBytesMax) return refused(tooLarge(bytes, rules));
  const full = `${rules.prefix}/${topic}`;
  if (Buffer.byteLength(full) > topicBytesMax) return refused('its topic is too long');
  return { kind: 'publish', topic: full, payload };
}

export function tooLarge(bytes: number, { payloadBytesMax }: Pick<MapperRules, 'payloadBytesMax'>): string {
  return `it has ${bytes} bytes, and at most ${payloadBytesMax} are sent`;
}

function refused(reason: string): Translation {
  return { kind: 'refused', reason };
}
