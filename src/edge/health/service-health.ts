import { type Instant, secondMs } from '#base/instant.ts';
import type { OutboundPublish, Will } from '#wire/mqtt/packet.ts';
import { serviceTopicId } from '../entities/entity.ts';
import type { LocalNames } from '../entities/local-topic.ts';
import { formatSeconds, type TimeFormat } from '../entities/time-text.ts';

export type ServiceHealthOptions = LocalNames & {
  readonly service: string;
  /** The type it registers with: setting `service.type`. */
  readonly type: string;
  readonly timeFormat: TimeFormat;
  readonly pid: number;
};

/** What a service says of itself on the local topics (thin-edge.md 12). */
export type ServiceHealth = {
  /** Before anything else: which service of which device this is. */
  readonly registration: OutboundPublish;
  readonly down: OutboundPublish;
  /** The broker says it for a service that has died. */
  readonly will: Will;
  /** A message on one of them asks for `up` again. */
  readonly checkTopics: readonly string[];
  /** What the first generation asks with, and where it expects the answer. */
  readonly legacyCheckTopics: readonly string[];
  readonly legacyTopic: string;
  up(now: Instant): OutboundPublish;
  legacyUp(now: Instant): OutboundPublish;
};

export function serviceHealth(options: ServiceHealthOptions): ServiceHealth {
  const { topicRoot, mainTopicId, service, type, timeFormat, pid } = options;
  const own = `${topicRoot}/${serviceTopicId(mainTopicId, service)}`;
  const topic = `${own}/status/health`;
  const legacyTopic = `tedge/health/${service}`;
  const down = JSON.stringify({ pid, status: 'down' });
  const kept = (at: string, payload: string): OutboundPublish => ({ topic: at, payload, qos: 1, retain: true });
  const upText = (now: Instant) => `{"pid":${pid},"status":"up","time":${formatSeconds(now / secondMs, timeFormat) ?? 0}}`;
  return {
    registration: kept(own, JSON.stringify({ '@type': 'service', '@parent': mainTopicId, name: service, type })),
    down: kept(topic, down),
    will: { topic, payload: Buffer.from(down), qos: 1, retain: true },
    checkTopics: [`${own}/cmd/health/check`, `${topicRoot}/${mainTopicId}/cmd/health/check`],
    legacyCheckTopics: ['tedge/health-check', `tedge/health-check/${service}`],
    legacyTopic,
    up: (now) => kept(topic, upText(now)),
    legacyUp: (now) => kept(legacyTopic, upText(now)),
  };
}
