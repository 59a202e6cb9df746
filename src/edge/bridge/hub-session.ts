import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { formatHubUserName } from '#wire/azure/user-name.ts';
import { type ClientConnection, openClientConnection } from '#wire/mqtt/client-connection.ts';
import { defaultMqttLimits } from '#wire/mqtt/limits.ts';
import type { InboundPublish } from '#wire/mqtt/packet.ts';
import type { PacketIds } from '#wire/mqtt/packet-ids.ts';
import { readSmallFile } from '../host/read-small-file.ts';
import { dialTls } from '../host/tls.ts';
import { type BridgeSettings, hubApiVersion } from './bridge-settings.ts';
import { loadRoots } from './load-roots.ts';

const pemBytesMax = 160 * 1024;
const handshakeMsMax = 30_000;

/**
 * Signs in at the hub as thin-edge does: no password, no will, a session that stays (thin-edge.md 8.2). Certificate, key
 * and roots are read each time: they may have been renewed.
 */
export async function openHubSession(
  platform: Platform,
  settings: BridgeSettings,
  options: { readonly packetIds: PacketIds; readonly onMessage: (message: InboundPublish) => void; readonly signal: AbortSignal },
): Promise<ClientConnection> {
  const { clock } = platform;
  const { host, port, deviceId, keepAliveSeconds } = settings;
  const [certificatePem, keyPem, roots] = await Promise.all([
    readPem(settings.certificatePath),
    readPem(settings.keyPath),
    loadRoots(settings.rootsPath),
  ]);
  const late = new AbortController();
  const cancel = clock.after(handshakeMsMax, () => late.abort());
  const signal = AbortSignal.any([late.signal, options.signal]);
  try {
    const socket = await dialTls({ host, port, roots, certificatePem, keyPem, signal });
    // Who stops does not wait for an answer to CONNECT.
    const end = () => void socket.destroy();
    signal.addEventListener('abort', end, { once: true });
    const connection = await openClientConnection(socket, {
      clock,
      limits: defaultMqttLimits,
      packetIds: options.packetIds,
      acknowledgesLater: true,
      onMessage: options.onMessage,
      connect: {
        clientId: deviceId,
        userName: formatHubUserName({ hostName: host, deviceId, apiVersion: hubApiVersion }),
        keepAliveSeconds,
        cleanSession: false,
      },
    });
    signal.removeEventListener('abort', end);
    return connection;
  } finally {
    cancel();
  }
}

async function readPem(path: string): Promise<string> {
  const bytes = await readSmallFile(path, pemBytesMax);
  if (!bytes) throw new Problem('not-found', `There is no ${path}.`);
  return bytes.toString('latin1');
}
