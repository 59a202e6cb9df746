import assert from 'node:assert/strict';
import type { Duplex } from 'node:stream';
import { connect, createSecureContext, type TLSSocket } from 'node:tls';
import { handshake, RawWebSocket } from '#test/support/raw-web-socket.ts';
import type { RunningHomeport } from '#test/support/start-homeport.ts';
import { MqttClientSession } from '#wire/mqtt/client-session.ts';

/** How a device waits before it tries again: twice as long each time, up to its limit, and each time between half of that and half as long again. */
const firstWaitMs = 500;

/** Every so many devices there is one that comes over a WebSocket. */
const webSocketEvery = 20;
const keepAliveSeconds = 240;

export type FleetOptions = {
  readonly home: RunningHomeport;
  readonly deviceIds: readonly string[];
  readonly identity: { cert: string; key: string };
  readonly intervalMs: number;
  readonly longestWaitMs: number;
  readonly fraction: () => number;
};

/** Devices that send at their own times, connect again by themselves, and send again what was not acknowledged. */
export class Fleet {
  readonly devices: readonly FleetDevice[];

  constructor(options: FleetOptions) {
    const { home, deviceIds, identity } = options;
    const secureContext = createSecureContext({ ca: home.ca, ...identity });
    this.devices = deviceIds.map((deviceId, index) => {
      const isWebSocket = index % webSocketEvery === 1;
      const dial = async (): Promise<{ socket: TLSSocket; stream: Duplex }> => {
        const { mqttPort, httpsPort } = home.status.hub;
        const port = isWebSocket ? httpsPort : mqttPort;
        const socket = connect({ host: home.address, port, servername: '', secureContext });
        await new Promise<void>((resolve, reject) => {
          socket.once('secureConnect', resolve).once('error', reject);
          socket.once('close', () => reject(new Error('closed in the handshake')));
        });
        socket.on('error', () => {});
        return { socket, stream: isWebSocket ? await upgraded(socket) : socket };
      };
      return new FleetDevice(deviceId, dial, home.status.hub.hostName, options);
    });
  }

  get connected(): number {
    return this.devices.filter(({ isConnected }) => isConnected).length;
  }

  get acknowledged(): number {
    return this.devices.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** Attempts that were not let in. */
  get failures(): number {
    return this.devices.reduce((sum, { failures }) => sum + failures, 0);
  }

  /** Why the last attempts failed, each reason once. */
  get lastFailures(): string {
    return [...new Set(this.devices.map(({ lastFailure }) => lastFailure))].join('; ');
  }

  startSending(): void {
    for (const device of this.devices) device.startSending();
  }

  /** Every line breaks at once, in the middle of whatever is on it. */
  cut(): void {
    for (const device of this.devices) device.cut();
  }

  /** Gives up, wherever it stands: else it would try for good. */
  stop(): void {
    for (const device of this.devices) device.stop();
  }

  /** DISCONNECT from every device, none of which comes back. */
  async leave(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.leave()));
  }
}

async function upgraded(socket: TLSSocket): Promise<Duplex> {
  const webSocket = new RawWebSocket(socket);
  const lines = ['Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='];
  const head = await webSocket.ask(
    handshake('/$iothub/websocket', [...lines, 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Protocol: mqtt']),
  );
  assert.match(head, /^HTTP\/1\.1 101 /);
  return webSocket.stream();
}

/** Counts from 1; `acknowledged` is the highest number up to which all are. */
export class FleetDevice {
  readonly deviceId: string;
  acknowledged = 0;
  failures = 0;
  lastFailure = '';
  isConnected = false;
  readonly #dial: () => Promise<{ socket: TLSSocket; stream: Duplex }>;
  readonly #hostName: string;
  readonly #options: Pick<FleetOptions, 'intervalMs' | 'longestWaitMs' | 'fraction'>;
  readonly #early = new Set<number>();
  #sent = 0;
  #next = 1;
  #session: MqttClientSession | undefined;
  #socket: TLSSocket | undefined;
  #isLeaving = false;
  #left = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor(
    deviceId: string,
    dial: () => Promise<{ socket: TLSSocket; stream: Duplex }>,
    hostName: string,
    options: Pick<FleetOptions, 'intervalMs' | 'longestWaitMs' | 'fraction'>,
  ) {
    this.deviceId = deviceId;
    this.#dial = dial;
    this.#hostName = hostName;
    this.#options = options;
  }

  /** Resolves when it was let in, after as many attempts as it takes; from then on it stays connected by itself. */
  async connect(): Promise<void> {
    for (let attempt = 0; !this.#isLeaving; attempt++) {
      try {
        await this.#attempt();
        return;
      } catch (error) {
        this.failures += 1;
        this.lastFailure = String(error);
        const longest = Math.min(firstWaitMs * 2 ** attempt, this.#options.longestWaitMs);
        await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + this.#options.fraction())));
      }
    }
  }

  startSending(): void {
    const { intervalMs, fraction } = this.#options;
    this.#timer = setTimeout(() => {
      this.#timer = setInterval(() => {
        this.#sent += 1;
        this.#pump();
      }, intervalMs);
    }, intervalMs * fraction());
  }

  cut(): void {
    this.#socket?.destroy();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#isLeaving = true;
    this.cut();
  }

  async leave(): Promise<void> {
    clearInterval(this.#timer);
    this.#isLeaving = true;
    this.#session?.disconnect();
    await this.#left.promise;
  }

  /** As much as the window takes; each acknowledgement makes room for more. */
  #pump(): void {
    for (; this.#next <= this.#sent; this.#next += 1) {
      const n = this.#next;
      if (this.#early.has(n)) continue;
      const publish = { topic: `devices/${this.deviceId}/messages/events/`, payload: Buffer.from(`{"n":${n}}`), qos: 1 } as const;
      if (!this.isConnected || !this.#session?.publish(publish, () => this.#acknowledge(n))) return;
    }
  }

  #acknowledge(n: number): void {
    this.#early.add(n);
    while (this.#early.delete(this.acknowledged + 1)) this.acknowledged += 1;
    this.#pump();
  }

  async #attempt(): Promise<void> {
    const { socket, stream } = await this.#dial();
    const answered = Promise.withResolvers<void>();
    const flush = (): void => {
      for (let output = session.takeOutput(); output; output = session.takeOutput()) if (stream.writable) stream.write(output);
    };
    const session: MqttClientSession = new MqttClientSession({
      nowMs: () => performance.now(),
      onOutput: () => queueMicrotask(flush),
      onConnack: (code) => (code === 0 ? answered.resolve() : answered.reject(new Error(`CONNACK ${code}`))),
      onMessage() {},
      onClose() {
        flush();
        stream.end();
      },
    });
    stream.on('data', (chunk: Buffer) => session.receive(chunk));
    stream.on('error', () => {});
    stream.on('end', () => session.endOfInput());
    stream.once('close', () => {
      session.endOfInput();
      answered.reject(new Error('closed'));
      this.#ended(session);
    });
    session.connect({
      clientId: this.deviceId,
      userName: `${this.#hostName}/${this.deviceId}/?api-version=2021-04-12`,
      keepAliveSeconds,
      cleanSession: true,
    });
    try {
      await answered.promise;
    } catch (error) {
      socket.destroy();
      throw error;
    }
    this.#session = session;
    this.#socket = socket;
    this.isConnected = true;
    // What was under way when the line broke comes again, in its order.
    this.#next = this.acknowledged + 1;
    this.#pump();
  }

  #ended(session: MqttClientSession): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.isConnected = false;
    if (this.#isLeaving) this.#left.resolve();
    // A fleet that is cut off at once must not come back at once.
    else setTimeout(() => void this.connect(), firstWaitMs * 2 * this.#options.fraction());
  }
}
