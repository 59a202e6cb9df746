import { secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { formatHubUserName } from '#wire/azure/user-name.ts';
import { type ClientConnection, openClientConnection } from '#wire/mqtt/client-connection.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import type { InboundPublish } from '#wire/mqtt/packet.ts';
import type { PacketIds } from '#wire/mqtt/packet-ids.ts';
import { type Reach, reachServer } from '../reach/reach.ts';
import type { HubAccess } from '../registration/hub-finder.ts';
import { type BridgeSettings, hubApiVersion, modelApiVersion } from './bridge-settings.ts';

const handshakeMsMax = 30_000;

export type HubSessionOptions = {
  readonly reach: Reach;
  readonly access: HubAccess;
  readonly packetIds: PacketIds;
  readonly onMessage: (message: InboundPublish) => void;
  readonly signal: AbortSignal;
};

/** Who signs in, as a client id and for people. */
export function nameOf({ deviceId, moduleId }: Pick<HubAccess, 'deviceId' | 'moduleId'>): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}

/**
 * Signs in at the hub as thin-edge does: no will, a session that stays, no password where there is a certificate (thin-edge.md 8.2). A device
 * with a key sends a token, which ends `tokenMs` later.
 */
export async function openHubSession(
  platform: Platform,
  { keepAliveSeconds, tokenMs, modelId }: Pick<BridgeSettings, 'keepAliveSeconds' | 'tokenMs' | 'modelId'>,
  options: HubSessionOptions,
): Promise<ClientConnection> {
  const { clock } = platform;
  const { reach, access } = options;
  const { host, port, deviceId, moduleId, credential } = access;
  const module = moduleId === undefined ? '' : `/modules/${moduleId}`;
  const late = new AbortController();
  const cancel = clock.after(handshakeMsMax, () => late.abort());
  const signal = AbortSignal.any([late.signal, options.signal]);
  const identity = credential.kind === 'certificate' ? credential.identity : undefined;
  try {
    const socket = await reachServer(reach, { host, port, identity, signal });
    const expirySeconds = Math.ceil((reach.time.now() + tokenMs) / secondMs);
    const password =
      credential.kind === 'key'
        ? Buffer.from(formatSasToken({ resource: `${host}/devices/${deviceId}${module}`, key: credential.key, expirySeconds }))
        : undefined;
    // Who stops does not wait for an answer to CONNECT.
    const end = () => void socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    // It may have been between the two.
    if (signal.aborted) end();
    return await openClientConnection(socket, {
      clock,
      limits: defaultMqttLimits,
      packetIds: options.packetIds,
      acknowledgesLater: true,
      onMessage: options.onMessage,
      connect: {
        clientId: nameOf(access),
        userName: formatHubUserName({
          hostName: host,
          deviceId,
          ...(moduleId === undefined ? {} : { moduleId }),
          ...(modelId === undefined ? { apiVersion: hubApiVersion } : { apiVersion: modelApiVersion, modelId }),
        }),
        keepAliveSeconds,
        cleanSession: false,
        ...(password ? { password } : {}),
      },
    }).finally(() => signal.removeEventListener('abort', end));
  } finally {
    cancel();
  }
}
