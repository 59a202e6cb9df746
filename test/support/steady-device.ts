import assert from 'node:assert/strict';
import { connect } from 'mqtt';
import type { StoredEvent } from '#hub/events/event-log.ts';
import { exportPrivateKeyPem } from '#pki/key.ts';
import type { RunningHomeport } from './start-homeport.ts';
import { createTestDevice, openTestDevice, type TestDevice } from './test-device.ts';

/** What a steady device needs of its connection. */
export type SteadyLine = Pick<TestDevice, 'send' | 'closed' | 'disconnect'>;

/** A device that behaves well: it sends 1, 2, 3… one after the other, each after the acknowledgement of the last. */
export class SteadyDevice {
  readonly deviceId: string;
  readonly #line: SteadyLine;
  #acknowledged = 0;
  #worstMs = 0;
  #isSending = false;
  #round: Promise<void> = Promise.resolve();
  #waiting: { from: number; count: number; resolve: () => void } | undefined;
  #failed = Promise.withResolvers<never>();

  constructor(deviceId: string, line: SteadyLine) {
    this.deviceId = deviceId;
    this.#line = line;
    this.#failed.promise.catch(() => undefined);
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The longest it waited for an acknowledgement since it began to send. */
  get worstMs(): number {
    return this.#worstMs;
  }

  start(): void {
    this.#isSending = true;
    this.#worstMs = 0;
    this.#round = this.#run();
  }

  /** Resolves when `count` more messages were acknowledged. Rejects when one was not. */
  async more(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting = { from: this.#acknowledged, count, resolve };
    await Promise.race([promise, this.#failed.promise]);
  }

  /** Stops after the message under way. */
  async stop(): Promise<void> {
    this.#isSending = false;
    await this.#round;
  }

  close(): void {
    this.#line.disconnect();
  }

  /** Every message that was acknowledged is in the log, once and in its order. */
  check(stored: readonly StoredEvent[]): void {
    const numbers = stored
      .filter(({ deviceId }) => deviceId === this.deviceId)
      .map(({ body }) => (JSON.parse(body.toString()) as { n: number }).n);
    assert.deepEqual(
      numbers,
      Array.from({ length: this.#acknowledged }, (_, index) => index + 1),
      this.deviceId,
    );
  }

  async #run(): Promise<void> {
    while (this.#isSending) {
      const n = this.#acknowledged + 1;
      const sent = performance.now();
      if (!(await this.#line.send(Buffer.from(`{"n":${n}}`)))) {
        this.#failed.reject(new Error(`${this.deviceId}: message ${n} was not acknowledged: ${this.#line.closed}`));
        return;
      }
      this.#worstMs = Math.max(this.#worstMs, performance.now() - sent);
      this.#acknowledged = n;
      if (this.#waiting && n >= this.#waiting.from + this.#waiting.count) this.#waiting.resolve();
    }
  }
}

/** One over MQTT on its port, and one over a WebSocket on the devices' HTTPS port. */
export async function openSteadyDevices(home: RunningHomeport): Promise<SteadyDevice[]> {
  return [
    new SteadyDevice('steady-mqtt', await openTestDevice(home, 'steady-mqtt')),
    new SteadyDevice('steady-ws', await openWebSocketLine(home, 'steady-ws')),
  ];
}

async function openWebSocketLine(home: RunningHomeport, deviceId: string): Promise<SteadyLine> {
  const identity = await createTestDevice(home, deviceId);
  const client = connect(`wss://${home.address}:${home.status.hub.httpsPort}/$iothub/websocket`, {
    cert: identity.pem,
    key: exportPrivateKeyPem(identity.privateKey),
    ca: home.ca,
    clientId: deviceId,
    username: `${home.status.hub.hostName}/${deviceId}/?api-version=2021-04-12`,
    protocolVersion: 4,
    reconnectPeriod: 0,
    keepalive: 240,
  });
  let closed: string | undefined;
  const end = new Promise<false>((resolve) => {
    client.once('close', () => {
      closed = 'closed';
      resolve(false);
    });
  });
  await new Promise<void>((resolve, reject) => client.once('connect', () => resolve()).once('error', reject));
  client.on('error', (error) => {
    closed = String(error);
  });
  return {
    send(body) {
      const acknowledged = client.publishAsync(`devices/${deviceId}/messages/events/`, body, { qos: 1 }).then(
        () => true,
        () => false,
      );
      return Promise.race([acknowledged, end]);
    },
    get closed() {
      return closed;
    },
    disconnect: () => void client.end(true),
  };
}
