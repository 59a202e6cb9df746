import type { Json, JsonObject } from '#base/json.ts';
import { Secret } from '#base/secret.ts';
import type { StoredEvent } from '#hub/events/event-log.ts';
import type { Hub } from '#hub/hub.ts';
import { formatConnectionString } from '#wire/azure/connection-string.ts';
import type { HubStatus } from './status.ts';

/** How a device of a test signs in; without any of it, by symmetric keys. */
export type HomeportDeviceOptions = {
  /** Base64 of 16 to 64 bytes; made when it is not given. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
  /** By a certificate: its SHA-1 or SHA-256 in hex. */
  readonly primaryThumbprint?: string;
  readonly secondaryThumbprint?: string;
  /** By a chain to a CA certificate that the hub verified. */
  readonly isUnderCa?: boolean;
};

export type HomeportDevice = {
  readonly deviceId: string;
  /** What the device SDKs take. */
  readonly connectionString: string;
  /** Of a device that signs in by them. */
  readonly primaryKey?: string;
  readonly secondaryKey?: string;
};

/** A message that a device sent. */
export type HomeportMessage = {
  readonly deviceId: string;
  readonly body: Buffer;
  /** What the application added; null for a name without a value. */
  readonly properties: Readonly<Record<string, string | null>>;
  /** `content-type`, `message-id`, `iothub-enqueuedtime` and the like. */
  readonly systemProperties: Readonly<Record<string, string>>;
};

/** A hub as a test suite uses it. */
export type HomeportHub = {
  /** `main` for the first. */
  readonly name: string;
  readonly hostName: string;
  readonly mqttPort: number;
  readonly amqpPort: number;
  readonly httpsPort: number;
  /** By access policy: what the service SDKs take. */
  readonly connectionStrings: Readonly<Record<string, string>>;
  /** By access policy: what clients of Event Hubs take to read the hub's events. */
  readonly eventHubConnectionStrings: Readonly<Record<string, string>>;
  createDevice(deviceId: string, options?: HomeportDeviceOptions): Promise<HomeportDevice>;
  deleteDevice(deviceId: string): Promise<void>;
  /** The first message that the device sends after this call. Rejects once the hub is stopped. */
  nextMessage(deviceId: string): Promise<HomeportMessage>;
  /** Waits a moment for a device that does not listen for methods yet. Rejects when it does not then, or does not answer. */
  invokeMethod(deviceId: string, methodName: string, payload?: Json): Promise<{ status: number; payload: Json }>;
  /** Merges this into the desired properties of the twin. */
  setDesired(deviceId: string, patch: JsonObject): Promise<void>;
  reportedOf(deviceId: string): Promise<JsonObject>;
};

/** SDKs subscribe some time after they were told to. */
const connectTimeoutSeconds = 10;

/** `status` is the hub's with secrets. */
export function homeportHub(
  hub: Pick<Hub, 'name' | 'hostName' | 'registry' | 'twins' | 'methods' | 'events'>,
  status: HubStatus,
): HomeportHub {
  const { mqttPort, amqpPort, httpsPort, connectionStrings = {}, eventHubConnectionStrings = {} } = status;
  const { name, hostName, registry, twins, methods, events } = hub;
  return {
    name,
    hostName,
    mqttPort,
    amqpPort,
    httpsPort,
    connectionStrings,
    eventHubConnectionStrings,
    async createDevice(deviceId, options = {}) {
      const { authentication } = await registry.create({ deviceId, authentication: authenticationOf(options) });
      if (authentication.type !== 'sas') {
        return { deviceId, connectionString: formatConnectionString({ hostName, deviceId, isX509: true }) };
      }
      const { primaryKey, secondaryKey } = authentication.keys.reveal();
      const sharedAccessKey = new Secret(primaryKey);
      const connectionString = formatConnectionString({ hostName, deviceId, sharedAccessKey });
      return { deviceId, connectionString, primaryKey, secondaryKey };
    },
    deleteDevice: (deviceId) => registry.delete(deviceId),
    nextMessage: (deviceId) => nextMessage(events, deviceId),
    invokeMethod: (deviceId, methodName, payload = null) =>
      methods.invoke(deviceId, { methodName, payload, connectTimeoutSeconds }),
    async setDesired(deviceId, patch) {
      await twins.patchDesired(deviceId, patch);
    },
    async reportedOf(deviceId) {
      return (await twins.load(deviceId)).reported;
    },
  };
}

function nextMessage(events: Hub['events'], deviceId: string): Promise<HomeportMessage> {
  return new Promise((resolve, reject) => {
    const end = () => {
      cancelFollowing();
      cancelState();
    };
    const cancelFollowing = events.follow(events.end, (some) => {
      const event = some.find((each) => each.source === 'Telemetry' && each.deviceId === deviceId);
      if (!event) return;
      end();
      resolve(messageOf(event));
    });
    const cancelState = events.onState((state) => {
      if (state !== 'closed') return;
      end();
      reject(new Error(`The hub was stopped before ${deviceId} sent a message.`));
    });
  });
}

function messageOf(event: StoredEvent): HomeportMessage {
  const { system: systemProperties, application: properties } = event.properties();
  // The log reads many events as one piece of memory.
  return { deviceId: event.deviceId, body: Buffer.from(event.body), properties, systemProperties };
}

function authenticationOf(options: HomeportDeviceOptions): Parameters<Hub['registry']['create']>[0]['authentication'] {
  const { primaryKey, secondaryKey, primaryThumbprint, secondaryThumbprint, isUnderCa } = options;
  if (isUnderCa) return { type: 'certificateAuthority' };
  if (primaryThumbprint !== undefined || secondaryThumbprint !== undefined) {
    return {
      type: 'selfSigned',
      ...(primaryThumbprint !== undefined && { primaryThumbprint }),
      ...(secondaryThumbprint !== undefined && { secondaryThumbprint }),
    };
  }
  return { type: 'sas', ...(primaryKey !== undefined && { primaryKey }), ...(secondaryKey !== undefined && { secondaryKey }) };
}
