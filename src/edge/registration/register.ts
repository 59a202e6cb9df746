import { minuteMs, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { type Assignment, DpsRegistration } from '#wire/azure/dps-registration.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { formatProvisioningUserName } from '#wire/azure/user-name.ts';
import { openClientConnection } from '#wire/mqtt/client-connection.ts';
import { type Reach, reachServer } from '../reach/reach.ts';
import type { Credential } from './credential.ts';

export type DpsAddress = {
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  readonly registrationId: string;
  /** IoT Central finds the template of a new device by it. */
  readonly modelId: string | undefined;
};

/** Long enough for a webhook that chooses the hub, and for being told to wait once. */
const registrationMsMax = minuteMs;
const handshakeMsMax = 30 * secondMs;
const tokenSeconds = 3_600;
const apiVersion = '2019-03-31';

/**
 * Registers over MQTT: with a certificate, or with a token signed by the device's key (dps-device-protocol.md 3 to 7). Rejects with
 * RegistrationRefused, RegistrationBusy, ServerRefused, or with what kept DPS from being asked.
 */
export async function register(
  platform: Platform,
  reach: Reach,
  request: { readonly dps: DpsAddress; readonly credential: Credential; readonly signal: AbortSignal },
): Promise<Assignment> {
  const { clock } = platform;
  const { dps, credential } = request;
  const { host, port, idScope, registrationId, modelId } = dps;
  const late = new AbortController();
  const cancel = clock.after(handshakeMsMax, () => late.abort());
  const identity = credential.kind === 'certificate' ? credential.identity : undefined;
  const socket = await reachServer(reach, {
    host,
    port,
    identity,
    signal: AbortSignal.any([late.signal, request.signal]),
  }).finally(cancel);
  // Who stops does not wait for DPS.
  const end = () => void socket.destroy();
  request.signal.addEventListener('abort', end, { once: true });
  const registration = new DpsRegistration(clock, registrationMsMax);
  try {
    const { session, closed } = await openClientConnection(socket, {
      clock,
      connect: {
        clientId: registrationId,
        userName: formatProvisioningUserName({ idScope, registrationId, apiVersion, clientVersion: 'tedge' }),
        keepAliveSeconds: 60,
        cleanSession: true,
        ...(credential.kind === 'key' ? { password: Buffer.from(tokenOf(dps, credential.key, reach.time.now())) } : {}),
      },
      onMessage: ({ topic, payload }) => registration.receive(topic, Buffer.from(payload)),
    });
    const line = {
      subscribe: (filters: Parameters<typeof session.subscribe>[0], onGranted: () => void) =>
        session.subscribe(filters, () => onGranted()),
      publish: (packet: Parameters<typeof session.publish>[0]) => session.publish(packet),
      closed,
    };
    const assignment = await registration.run(line, {
      registrationId,
      ...(modelId === undefined ? {} : { payload: { modelId } }),
    });
    session.disconnect();
    return assignment;
  } finally {
    registration.end();
    request.signal.removeEventListener('abort', end);
    // After DISCONNECT, or of a connection that is of no use any more.
    socket.end();
  }
}

function tokenOf({ idScope, registrationId }: DpsAddress, key: Buffer, now: number): string {
  const expirySeconds = Math.ceil(now / secondMs) + tokenSeconds;
  return formatSasToken({ resource: `${idScope}/registrations/${registrationId}`, key, keyName: 'registration', expirySeconds });
}
