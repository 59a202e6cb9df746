/**
 * Where a link of a back end leads (hub-service-protocol.md 8 and 9). `written` is its path as it was sent, without
 * scheme, host and slashes around it: what the scope of a token is compared with.
 */
export type ServiceAddress =
  | { readonly kind: 'devicebound' | 'feedback' | 'file-notifications'; readonly written: string }
  | EventsAddress;

/** Something of the Event-Hubs-compatible endpoint. */
export type EventsAddress = {
  readonly kind: 'events';
  readonly written: string;
  /** How the endpoint was called; `none` for a bare `$management`. */
  readonly entity: 'messages/events' | 'hub' | 'none';
  /** What stands behind that, such as `$management` or `ConsumerGroups/$Default/Partitions/0`; empty for nothing. */
  readonly path: string;
};

const kinds = {
  'messages/devicebound': 'devicebound',
  'messages/servicebound/feedback': 'feedback',
  'messages/servicebound/filenotifications': 'file-notifications',
} as const;

/** Reads an address, bare or absolute; words and the hub's name in any case. Undefined for what is none of a back end's. */
export function parseServiceAddress(address: string, hubName: string): ServiceAddress | undefined {
  const written = address.replace(/^(?:amqps?|sb|https):\/\/[^/]*/i, '').replace(/^\/|\/$/g, '');
  const words = written.toLowerCase();
  for (const [known, kind] of Object.entries(kinds)) if (words === known) return { kind, written };
  if (words === '$management') return { kind: 'events', written, entity: 'none', path: written };
  for (const [entity, name] of [
    ['messages/events', 'messages/events'],
    ['hub', hubName.toLowerCase()],
  ] as const) {
    if (words !== name && !words.startsWith(`${name}/`)) continue;
    return { kind: 'events', written, entity, path: written.slice(name.length + 1) };
  }
  return undefined;
}
