import type { Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import { type Assignment, DpsRegistration } from '#wire/azure/dps-registration.ts';
import { formatProvisioningUserName } from '#wire/azure/user-name.ts';
import type { ClientIdentity, Network } from './connection.ts';
import { openMqttConnection } from './mqtt-connection.ts';

/** The samples give up after this long (sphere.md 6.2). */
const registrationMsMax = 10 * secondMs;
const apiVersion = '2019-03-31';

export type RegistrationRequest = {
  readonly clock: Clock;
  readonly network: Network;
  readonly host: string;
  readonly port: number;
  readonly idScope: string;
  readonly registrationId: string;
  readonly identity: ClientIdentity;
  /** Sent as `payload.modelId`. */
  readonly modelId: string | undefined;
};

/** Registers over MQTT with a daily certificate and polls until assigned (dps-device-protocol.md 5 to 7). */
export async function registerDevice(request: RegistrationRequest): Promise<Assignment> {
  const { clock, registrationId, idScope, modelId } = request;
  const registration = new DpsRegistration(clock, registrationMsMax);
  const connection = await openMqttConnection({
    ...request,
    connect: {
      clientId: registrationId,
      userName: formatProvisioningUserName({ idScope, registrationId, apiVersion, clientVersion: 'homeport-simulator' }),
      keepAliveSeconds: 0,
      cleanSession: true,
    },
    onMessage: ({ topic, payload }) => registration.receive(topic, payload),
  });
  try {
    return await registration.run(connection, { registrationId, payload: modelId === undefined ? undefined : { modelId } });
  } finally {
    registration.end();
    connection.disconnect();
  }
}
