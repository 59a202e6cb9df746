import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '#base/clock.ts';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { requestHttp } from '#cli/kit/http-client.ts';
import { openMqttConnection } from '#devices/mqtt-connection.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import { makeSelfSigned, type TestCertificate } from './certificates.ts';
import type { RunningHomeport } from './start-homeport.ts';

export type TestDevice = {
  /** QoS 1 telemetry; resolves with true at its PUBACK and with false when the connection ended before. */
  send(body: Buffer): Promise<boolean>;
  /** Why the connection ended. */
  readonly closed: string | undefined;
  /** Resolves when it has ended. */
  readonly end: Promise<string>;
  disconnect(): void;
};

/** Creates the device at the hub by its thumbprint, through the administration socket as an operator does. */
export async function createTestDevice(home: RunningHomeport, deviceId: string): Promise<TestCertificate> {
  const now = systemClock.now();
  const identity = makeSelfSigned(deviceId, { notBefore: plus(now, -hourMs), notAfter: plus(now, dayMs) });
  await createDevice(home, deviceId, { type: 'selfSigned', primaryThumbprint: identity.certificate.sha256Thumbprint });
  return identity;
}

/** The same by its key. */
export function createKeyDevice(home: RunningHomeport, deviceId: string, key: Buffer): Promise<void> {
  return createDevice(home, deviceId, { type: 'sas', primaryKey: key.toString('base64') });
}

async function createDevice(home: RunningHomeport, deviceId: string, authentication: object): Promise<void> {
  const { status, body } = await requestHttp(
    { socketPath: join(home.data, 'admin.sock') },
    { method: 'PUT', path: `/hub/devices/${deviceId}`, json: { authentication } },
  );
  assert.equal(status, 201, body.toString());
}

/** Connects over a real TLS socket. Throws ConnectRefused with CONNACK's code. */
export async function connectTestDevice(
  home: RunningHomeport,
  deviceId: string,
  identity: TestCertificate,
  modelId?: string,
): Promise<TestDevice> {
  const connection = await openMqttConnection({
    clock: systemClock,
    network: { ca: home.ca },
    host: home.address,
    port: home.status.hub.mqttPort,
    identity: { certificatePem: identity.pem, privateKeyPem: exportPrivateKeyPem(identity.privateKey) },
    connect: {
      clientId: deviceId,
      userName: `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12${modelId === undefined ? '' : `&model-id=${modelId}`}`,
      keepAliveSeconds: 240,
      cleanSession: true,
    },
    onMessage: () => {},
  });
  let closed: string | undefined;
  const gone = connection.closed.then((reason) => {
    closed = reason;
    return reason;
  });
  return {
    send(body) {
      return new Promise((resolve) => {
        const isSent = connection.publish({ topic: `devices/${deviceId}/messages/events/`, payload: body, qos: 1 }, () =>
          resolve(true),
        );
        if (!isSent) resolve(false);
        void gone.then(() => resolve(false));
      });
    },
    get closed() {
      return closed;
    },
    end: gone,
    disconnect: () => connection.disconnect(),
  };
}

export async function openTestDevice(home: RunningHomeport, deviceId: string): Promise<TestDevice> {
  return connectTestDevice(home, deviceId, await createTestDevice(home, deviceId));
}
