/** Who speaks: the four levels behind the root of a local topic, and what they mean (thin-edge.md 9). */
export type Entity = {
  /** `device/main//`, `device/pump7/service/plc`. */
  readonly topicId: string;
  /** The child device that it is, or that its service runs on; undefined for the main device's own. */
  readonly child: string | undefined;
};

const levels = 4;

/** The entity of four levels; undefined where they name none. */
export function parseEntity(parts: readonly string[], mainTopicId: string): Entity | undefined {
  const [kind = '', device = '', service = ''] = parts;
  if (parts.length !== levels || kind === '') return undefined;
  const topicId = parts.join('/');
  // Schemes of one's own are allowed, and say nothing of who is below whom.
  if (kind !== 'device') return { topicId, child: undefined };
  if (device === '' || (service === 'service' && parts[3] === '')) return undefined;
  return { topicId, child: device === deviceOf(mainTopicId) ? undefined : device };
}

/** A topic id as it is configured or written: shorter ones are filled up with empty levels. */
export function padTopicId(text: string): string {
  const parts = text.split('/');
  return [...parts, ...Array<string>(Math.max(0, levels - parts.length)).fill('')].join('/');
}

/** The topic id of a service beside the device of `mainTopicId`. */
export function serviceTopicId(mainTopicId: string, service: string): string {
  const [kind = '', device = ''] = mainTopicId.split('/');
  return `${kind}/${device}/service/${service}`;
}

function deviceOf(topicId: string): string | undefined {
  return topicId.split('/')[1];
}
