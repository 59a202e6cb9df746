/** What becomes of a local message that goes to the hub. Answers of methods and twin requests do harm when they come late. */
export type Outbound = { readonly topic: string; readonly isKept: boolean };

export type BridgeTopics = {
  /** The hub's name of a local topic; undefined for what stays here. */
  outbound(topic: string): Outbound | undefined;
  /** The local name of a hub's topic; undefined for what nobody asked for. */
  inbound(topic: string): string | undefined;
  /** What is subscribed to at the hub, in the order in which the original does. */
  readonly inboundFilters: readonly string[];
  /** What is subscribed to at a local broker that is not ours. */
  readonly outboundFilters: readonly string[];
};

/**
 * The names of both sides as of thin-edge 1.0 and later, and desired properties, which no version of it carried
 * (thin-edge.md 7.2). What follows a name, a property bag or a request id, is passed on as it is.
 */
export function bridgeTopics(prefix: string, deviceId: string): BridgeTopics {
  const out = [
    { local: `${prefix}/messages/events`, remote: `devices/${deviceId}/messages/events`, isKept: true },
    { local: `${prefix}/methods/res`, remote: '$iothub/methods/res', isKept: false },
    { local: `${prefix}/twin/GET`, remote: '$iothub/twin/GET', isKept: false },
    { local: `${prefix}/twin/PATCH`, remote: '$iothub/twin/PATCH', isKept: true },
  ];
  const into = [
    { local: `${prefix}/messages/devicebound`, remote: `devices/${deviceId}/messages/devicebound` },
    { local: `${prefix}/methods/POST`, remote: '$iothub/methods/POST' },
    { local: `${prefix}/twin/res`, remote: '$iothub/twin/res' },
    { local: `${prefix}/twin/PATCH/properties/desired`, remote: '$iothub/twin/PATCH/properties/desired' },
  ];
  // "a/#" selects "a" as well.
  const isBelow = (topic: string, name: string) => topic === name || topic.startsWith(`${name}/`);
  return {
    outbound(topic) {
      // A patch of desired properties comes from the hub; sent back it would go round for ever.
      if (into.some(({ local }) => isBelow(topic, local))) return undefined;
      const rule = out.find(({ local }) => isBelow(topic, local));
      return rule && { topic: rule.remote + topic.slice(rule.local.length), isKept: rule.isKept };
    },
    inbound(topic) {
      const rule = into.find(({ remote }) => isBelow(topic, remote));
      return rule && rule.local + topic.slice(rule.remote.length);
    },
    inboundFilters: into.map(({ remote }) => `${remote}/#`),
    outboundFilters: out.map(({ local }) => `${local}/#`),
  };
}
