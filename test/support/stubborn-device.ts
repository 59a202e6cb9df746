import { systemClock } from '#base/clock.ts';
import type { ClientIdentity } from '#devices/connection.ts';
import { type MqttConnection, openMqttConnection } from '#devices/mqtt-connection.ts';
import { formatHubUserName } from '#wire/azure/user-name.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';
import type { DevelopmentHome } from './development-home.ts';

export type StubbornDevice = {
  readonly deviceId: string;
  readonly state: 'connecting' | 'connected' | 'refused';
  /** Ends its connection; resolves when it is back. */
  comeBack(): Promise<void>;
  stop(): void;
};

/** A device that connects whenever it is not connected, until the hub refuses it; then it has dropped. */
export function openStubbornDevice(
  home: DevelopmentHome,
  options: { deviceId: string; identity?: ClientIdentity; password?: () => string; onRefused: () => unknown },
): StubbornDevice {
  const { deviceId, identity, password, onRefused } = options;
  const { hostName, mqttPort } = home.status.hub;
  let state: StubbornDevice['state'] = 'connecting';
  let isStopped = false;
  let connected = Promise.withResolvers<void>();
  let connection: MqttConnection | undefined;
  const stay = async () => {
    while (!isStopped) {
      state = 'connecting';
      try {
        connection = await openMqttConnection({
          clock: systemClock,
          network: { ca: home.ca },
          host: home.address,
          port: mqttPort,
          identity,
          connect: {
            clientId: deviceId,
            userName: formatHubUserName({ hostName, deviceId, apiVersion: '2021-04-12', clientType: 'test' }),
            keepAliveSeconds: 240,
            cleanSession: true,
            ...(password && { password: Buffer.from(password()) }),
          },
          onMessage: () => {},
        });
        state = 'connected';
        connected.resolve();
        await connection.closed;
      } catch (error) {
        if (error instanceof ConnectRefused && error.code === 5) {
          state = 'refused';
          onRefused();
          return;
        }
        // Another fault of the network, which the next attempt may not meet.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  };
  void stay();
  return {
    deviceId,
    get state() {
      return state;
    },
    comeBack() {
      connected = Promise.withResolvers();
      connection?.disconnect();
      return connected.promise;
    },
    stop() {
      isStopped = true;
      connection?.disconnect();
    },
  };
}
