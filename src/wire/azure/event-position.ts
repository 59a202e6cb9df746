/** Where a reader of events begins (hub-service-protocol.md 9.3). */
export type EventPosition =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  | { readonly kind: 'offset' | 'sequence' | 'enqueued-time'; readonly value: number; readonly isInclusive: boolean };

const kinds: Readonly<Record<string, 'offset' | 'sequence' | 'enqueued-time'>> = {
  'x-opt-offset': 'offset',
  'x-opt-sequence-number': 'sequence',
  'x-opt-enqueued-time': 'enqueued-time',
  // As the command line and Python write it.
  'x-opt-enqueuedtimeutc': 'enqueued-time',
};

const expressionPattern = /^\s*amqp\.annotation\.([a-z-]+)\s*(>=?)\s*(?:'([^']{1,32})'|(-?[0-9]{1,20}))\s*$/i;

/** Reads the expression of a selector filter; undefined for what says no position. */
export function parseEventPosition(expression: string): EventPosition | undefined {
  const [, name = '', operator, quoted, bare] = expressionPattern.exec(expression) ?? [];
  const kind = kinds[name.toLowerCase()];
  const text = quoted ?? bare;
  if (kind === undefined || text === undefined) return undefined;
  if (kind === 'offset' && text.toLowerCase() === '@latest') return { kind: 'latest' };
  if (!/^-?[0-9]{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  if (kind === 'offset' && value < 0) return { kind: 'earliest' };
  return { kind, value, isInclusive: operator === '>=' };
}
