import { MalformedPacket } from './packet.ts';

/**
 * Complains about a topic name that no PUBLISH may carry: an empty one [MQTT-4.7.3-1]. Wildcards are let
 * through, against [MQTT-3.3.2-2]: the cloud takes a raw `+` in a property bag literally
 * (hub-device-protocol.md 4.6) and device ids may hold both signs, so what a name means is the surface's.
 */
export function checkTopicName(topic: string): void {
  if (topic === '') throw new MalformedPacket('MQTT-4.7.3-1', 'an empty topic name');
}

/** Complains about a filter that no SUBSCRIBE may carry: empty, or wildcards that do not fill their level (section 4.7.1). */
export function checkTopicFilter(filter: string): void {
  if (filter === '') throw new MalformedPacket('MQTT-4.7.3-1', 'an empty topic filter');
  const hash = filter.indexOf('#');
  if (hash >= 0 && (hash < filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/'))) {
    throw new MalformedPacket('MQTT-4.7.1-2', 'a # that is not the whole last level of its filter');
  }
  for (let plus = filter.indexOf('+'); plus >= 0; plus = filter.indexOf('+', plus + 1)) {
    const fillsLevel = (plus === 0 || filter[plus - 1] === '/') && (plus === filter.length - 1 || filter[plus + 1] === '/');
    if (!fillsLevel) throw new MalformedPacket('MQTT-4.7.1-3', 'a + that is not a whole level of its filter');
  }
}
