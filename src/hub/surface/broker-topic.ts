import { parseDeviceTopic } from '#wire/azure/hub-topics.ts';
import { topicLevelsMax } from '../broker/limits.ts';

/** Why a client may not publish to `topic`; undefined when it may. */
export function checkBrokerTopic(topic: string, clientId: string): string | undefined {
  if (topic === '') return 'a topic name is not empty [MQTT-4.7.3-1].';
  if (/[+#]/.test(topic)) return 'a topic name has no wildcards [MQTT-3.3.2-2].';
  if (topic.split('/').length > topicLevelsMax) return `a topic has at most ${topicLevelsMax} levels.`;
  const parsed = parseDeviceTopic(topic);
  if (parsed?.kind === 'telemetry' && (parsed.deviceId !== clientId || parsed.moduleId !== undefined)) {
    return `the telemetry of ${parsed.deviceId} is its own to send.`;
  }
  return undefined;
}

/** The property bag, if `topic` is the client's own telemetry topic: its messages are the hub's as well. */
export function ownTelemetryBag(topic: string, clientId: string): string | undefined {
  if (!topic.startsWith('devices/')) return undefined;
  const parsed = parseDeviceTopic(topic);
  return parsed?.kind === 'telemetry' && parsed.deviceId === clientId && parsed.moduleId === undefined ? parsed.bag : undefined;
}
