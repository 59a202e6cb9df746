import { duplexPair } from 'node:stream';
import { AmqpConnections } from '#listeners/amqp-connections.ts';
import { listenerLimits } from '#listeners/limits.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { AmqpTestClient } from './amqp-client.ts';
import type { TestCertificate } from './certificates.ts';
import { type HubBench, hubHost } from './hub-bench.ts';

type PolicyTokenOptions = { resource?: string; seconds?: number; isText?: boolean; isSecondary?: boolean };

/** AMQP at a hub in memory: connections are pairs of streams, and time is the bench's. */
export function openAmqpBench(bench: HubBench) {
  const { clock, random, log, hub } = bench;
  const connections = new AmqpConnections({
    platform: { clock, random, log },
    limits: listenerLimits,
    amqp: { hub: hub.amqp, provisioning: hub.amqp },
  });
  connections.start();
  const keys = new Map<string, string>();
  return {
    connections,
    dial(certificates: readonly TestCertificate[] = []): AmqpTestClient {
      const [client, server] = duplexPair();
      connections.open(server, {
        remoteAddress: '192.0.2.7',
        remotePort: 40_000,
        serverName: hubHost,
        tlsVersion: 'TLSv1.3',
        certificates: certificates.map(({ der }) => der),
        trackingId: 'track-1',
      });
      return new AmqpTestClient(client);
    },
    /** A device by key. */
    async addKeyDevice(deviceId: string): Promise<void> {
      const primaryKey = random.bytes(32).toString('base64');
      keys.set(deviceId, primaryKey);
      const secondaryKey = random.bytes(32).toString('base64');
      await bench.addDevice(deviceId, { type: 'sas', primaryKey, secondaryKey });
    },
    /** A token of the device that is good for so many seconds. */
    token(deviceId: string, seconds = 3_600): string {
      return formatSasToken({
        resource: `${hubHost}/devices/${deviceId}`,
        key: Buffer.from(keys.get(deviceId) ?? '', 'base64'),
        expirySeconds: Math.floor(clock.now() / 1000) + seconds,
      });
    },
    /** A token of an access policy; `isText`: signed with the text of the key, as Event Hubs clients do it. */
    policyToken(
      policyName: string,
      { resource = hubHost, seconds = 3_600, isText = false, isSecondary = false }: PolicyTokenOptions = {},
    ): string {
      const policy = hub.policies.find(policyName);
      if (!policy) throw new Error(`There is no policy ${policyName}.`);
      const text = isSecondary ? policy.secondaryKey : policy.primaryKey;
      return formatSasToken({
        resource,
        key: Buffer.from(text, isText ? 'utf8' : 'base64'),
        keyName: policyName,
        expirySeconds: Math.floor(clock.now() / 1000) + seconds,
      });
    },
    stop: () => connections.stop(),
  };
}

export type AmqpBench = ReturnType<typeof openAmqpBench>;
