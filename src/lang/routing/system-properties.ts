/** What conditions call the properties that readers of the hub's events know by other names (hub-service-protocol.md 6). */
const spellings: Readonly<Record<string, string>> = {
  messageId: 'message-id',
  to: 'to',
  expiryTimeUtc: 'absolute-expiry-time',
  correlationId: 'correlation-id',
  userId: 'user-id',
  'iothub-ack': 'iothub-ack',
  contentType: 'content-type',
  contentEncoding: 'content-encoding',
  connectionDeviceId: 'iothub-connection-device-id',
  connectionModuleId: 'iothub-connection-module-id',
  connectionAuthMethod: 'iothub-connection-auth-method',
  connectionDeviceGenerationId: 'iothub-connection-auth-generation-id',
  enqueuedTime: 'iothub-enqueuedtime',
  creationTimeUtc: 'iothub-creation-time-utc',
  messageSource: 'iothub-message-source',
  messageSchema: 'iothub-message-schema',
  outputName: 'iothub-outputname',
  interfaceId: 'iothub-interface-id',
  'dt-dataschema': 'dt-dataschema',
  'dt-subject': 'dt-subject',
};

const byLowerCase: ReadonlyMap<string, string> = new Map([
  ...Object.values(spellings).map((name) => [name.toLowerCase(), name] as const),
  ...Object.entries(spellings).map(([spelling, name]) => [spelling.toLowerCase(), name] as const),
]);

/** The name under which events keep what a condition calls `$name`; either spelling, in any case. */
export function findSystemProperty(name: string): string | undefined {
  return byLowerCase.get(name.toLowerCase());
}

/** Words after which a hyphen belongs to the name. */
export const hyphenatedRoots: ReadonlySet<string> = new Set(
  [...byLowerCase.keys()].filter((name) => name.includes('-')).map((name) => `$${name.split('-', 1)[0]}`),
);
