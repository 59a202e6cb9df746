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

/** One name on both sides: below the bridge's prefix here, and below `remote` at the hub. */
export type BridgeRule = {
  readonly direction: 'in' | 'out';
  readonly name: string;
  readonly remote: string;
  readonly isKept: boolean;
};

/**
 * As of thin-edge 1.0 and later, in its order, and desired properties, which no version of it carried (thin-edge.md 7.2). A module
 * has inputs besides.
 */
export function bridgeRules(deviceId: string, moduleId?: string): readonly BridgeRule[] {
  const device = `devices/${deviceId}${moduleId === undefined ? '' : `/modules/${moduleId}`}`;
  return [
    { direction: 'out', name: 'messages/events', remote: device, isKept: true },
    { direction: 'in', name: 'messages/devicebound', remote: device, isKept: false },
    { direction: 'in', name: 'methods/POST', remote: '$iothub', isKept: false },
    { direction: 'out', name: 'methods/res', remote: '$iothub', isKept: false },
    { direction: 'in', name: 'twin/res', remote: '$iothub', isKept: false },
    { direction: 'out', name: 'twin/GET', remote: '$iothub', isKept: false },
    { direction: 'out', name: 'twin/PATCH', remote: '$iothub', isKept: true },
    { direction: 'in', name: 'twin/PATCH/properties/desired', remote: '$iothub', isKept: false },
    ...(moduleId === undefined ? [] : [{ direction: 'in', name: 'inputs', remote: device, isKept: false } as const]),
  ];
}

/** The names of both sides. What follows a name, a property bag or a request id, is passed on as it is. */
export function bridgeTopics(prefix: string, deviceId: string, moduleId?: string): BridgeTopics {
  const rules = bridgeRules(deviceId, moduleId).map(({ name, remote, ...rest }) => ({
    ...rest,
    local: `${prefix}/${name}`,
    remote: `${remote}/${name}`,
  }));
  const out = rules.filter(({ direction }) => direction === 'out');
  const into = rules.filter(({ direction }) => direction === 'in');
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
