import type { Secret } from '#base/secret.ts';

/** What people may see of a destination. */
export type DestinationSettings =
  | {
      readonly type: 'webhook';
      /** Scheme, name and port: the rest of the URL may be a secret. */
      readonly origin: string;
    }
  | {
      readonly type: 'amqp';
      /** `amqps://broker.example:5671`. */
      readonly origin: string;
      /** Where messages are sent to, in the broker's words. */
      readonly address: string;
    }
  | {
      readonly type: 'files';
      readonly fileNameFormat: string;
      readonly batchSeconds: number;
      readonly chunkBytes: number;
    };

/** Where events go besides the hub's own endpoint: an *endpoint* of routing, in the cloud's words. */
export type Destination = {
  readonly name: string;
  /** Its bit in the stamps of events. */
  readonly slot: number;
  readonly settings: DestinationSettings;
  /** The whole URL, where it has one. */
  readonly secret: Secret | undefined;
};

/** In the words of hub-service-protocol.md 10.3. */
export type HealthStatus = 'unknown' | 'healthy' | 'degraded' | 'unhealthy' | 'dead';

export function placeOfSlot(slot: number): number {
  return 1 << slot;
}
