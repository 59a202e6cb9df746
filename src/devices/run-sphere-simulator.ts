import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cancel, Clock } from '#base/clock.ts';
import { secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { printable } from '#base/printable.ts';
import { type BoardClaimReply, type BoardClaimRequest, boardSocketSuffix } from '#sphere/contract/attached-board.ts';
import type { ShippedApplication } from '#sphere/contract/shipped-components.ts';
import { type Assignment, RegistrationRefused } from '#wire/azure/dps-registration.ts';
import { formatHubUserName } from '#wire/azure/user-name.ts';
import { ConnectRefused } from '#wire/mqtt/client-connection.ts';
import type { Application, ApplicationPort, Button } from './application.ts';
import { serveAttachedBoard } from './attached-board.ts';
import type { ClientIdentity, Network } from './connection.ts';
import type { CustomCertificate } from './custom-certificate.ts';
import { deviceClock } from './device-clock.ts';
import { HubSession } from './hub-session.ts';
import { KeyStore } from './key-store.ts';
import { type MqttConnection, openMqttConnection } from './mqtt-connection.ts';
import { registerDevice } from './register-device.ts';
import { seededValues } from './seeded-values.ts';
import type { SimulatorListener } from './simulator-event.ts';
import { SphereBoard } from './sphere-board.ts';
import { TemperatureHumidity } from './temperature-humidity.ts';
import { Thermometer } from './thermometer.ts';

export type SimulatorOptions = {
  readonly platform: Platform;
  readonly application: ShippedApplication;
  /** The board's flash: identity key, ownership, cached certificate. One simulator at a time. */
  readonly keyStoreDirectory: string;
  /** Where its socket stands: `<data>/devices`, where `azsphere` looks for attached boards. */
  readonly socketDirectory: string;
  readonly sphereUrl: string;
  /** How it finds its hub: through DPS, or by name (the samples' `--Hostname`). */
  readonly connection:
    | { readonly type: 'dps'; readonly host: string; readonly port: number; readonly idScope: string }
    | { readonly type: 'hub'; readonly host: string };
  readonly hubPort: number;
  /** The owner's own certificate instead of the daily one. Where it is not put in, the daily one stays: there is no way back from one to the other. */
  readonly customCertificate?: CustomCertificate | undefined;
  /** PEM. */
  readonly ca: string;
  readonly allowedHosts?: readonly string[] | undefined;
  readonly tenantId?: string | undefined;
  /** Divides every period. */
  readonly speed?: number | undefined;
  readonly seed?: string | undefined;
  readonly tamper?: string | undefined;
  readonly reusesNonce?: boolean | undefined;
  readonly renews?: boolean | undefined;
  readonly clockOffsetMs?: number | undefined;
  /** False for a board that runs after a clock that is moved, and may be behind it. Default true. */
  readonly hasTrustedClock?: boolean | undefined;
  readonly statesContentType?: boolean | undefined;
  /** The model id that D4 announces; the original announces none. */
  readonly announcedModelId?: string | undefined;
  readonly onEvent?: SimulatorListener | undefined;
};

export type Simulator = {
  readonly deviceId: string;
  readonly socketPath: string;
  press(button: Button): void;
  /** As `azsphere device claim` does it, for whoever runs the simulator in its own process. */
  claim(request: BoardClaimRequest): Promise<BoardClaimReply>;
  stop(): Promise<void>;
  /** The program's exit code, once it has ended by itself or been stopped. */
  readonly finished: Promise<number>;
};

const reconnectMs = secondMs;
const hubApiVersion = '2020-09-30';

/**
 * Runs a simulated Azure Sphere board until it is stopped: attached for claiming, attested daily, then
 * through DPS to its hub, all over real sockets. Resolves when the board answers on its socket.
 */
export async function runSphereSimulator(options: SimulatorOptions): Promise<Simulator> {
  const run = new SimulatorRun(options);
  await run.start();
  return run;
}

class SimulatorRun implements Simulator {
  readonly socketPath: string;
  readonly finished: Promise<number>;
  readonly #options: SimulatorOptions;
  readonly #clock: Clock;
  readonly #network: Network;
  readonly #onEvent: SimulatorListener;
  readonly #board: SphereBoard;
  readonly #application: Application;
  readonly #ending = Promise.withResolvers<number>();
  #isEnding = false;
  #attached: { stop(): Promise<void> } | undefined;
  #connection: MqttConnection | undefined;
  #session: HubSession | undefined;
  #cancelTick: Cancel = () => {};

  constructor(options: SimulatorOptions) {
    const { platform, speed = 1, clockOffsetMs = 0, application } = options;
    this.#options = options;
    this.#clock = deviceClock(platform.clock, { speed, offsetMs: clockOffsetMs });
    this.#network = { ca: options.ca, allowedHosts: options.allowedHosts };
    this.#onEvent = options.onEvent ?? (() => {});
    this.#board = new SphereBoard({
      clock: this.#clock,
      random: platform.random,
      store: new KeyStore(options.keyStoreDirectory),
      network: this.#network,
      sphereUrl: options.sphereUrl,
      application,
      requiredTenantId: options.tenantId,
      tamper: options.tamper,
      reusesNonce: options.reusesNonce ?? false,
      renews: options.renews ?? true,
      hasTrustedClock: options.hasTrustedClock ?? true,
      onEvent: this.#onEvent,
    });
    const port = this.#port(seededValues(options.seed ?? this.deviceId));
    this.#application =
      application === 'd1' ? new Thermometer(port) : new TemperatureHumidity(port, { modelId: options.announcedModelId });
    this.socketPath = join(options.socketDirectory, `${application}-${this.deviceId.slice(0, 16)}${boardSocketSuffix}`);
    this.finished = this.#ending.promise;
  }

  get deviceId(): string {
    return this.#board.deviceId;
  }

  async start(): Promise<void> {
    mkdirSync(this.#options.socketDirectory, { recursive: true, mode: 0o700 });
    this.#attached = await serveAttachedBoard({
      socketPath: this.socketPath,
      deviceId: this.deviceId,
      status: () => ({
        ...this.#board.status(),
        application: this.#options.application,
        isConnected: this.#session !== undefined,
      }),
      claim: (request) => this.claim(request),
    });
    this.#onEvent({ type: 'attached', deviceId: this.deviceId, socketPath: this.socketPath });
    this.#board.start();
    this.#scheduleTick();
    void this.#stayConnected();
  }

  press(button: Button): void {
    this.#application.press(button);
  }

  claim(request: BoardClaimRequest): Promise<BoardClaimReply> {
    return this.#board.claim(request);
  }

  stop(): Promise<void> {
    return this.#end(0);
  }

  async #end(code: number): Promise<void> {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#cancelTick();
    this.#board.stop();
    this.#application.stopped();
    this.#connection?.disconnect();
    await this.#attached?.stop();
    this.#ending.resolve(code);
  }

  /** Registers, connects and, whatever happens, begins again until the simulator ends. */
  async #stayConnected(): Promise<void> {
    let assignment: Assignment | undefined;
    let backoffMs = this.#application.backoffMs;
    while (!this.#isEnding) {
      try {
        const identities = await this.#identities();
        assignment ??= await this.#register(identities.dps);
        if (this.#isEnding) return;
        const reason = await this.#serve(identities.hub, assignment);
        backoffMs = this.#application.backoffMs;
        this.#onEvent({ type: 'disconnected', reason });
        if (!this.#isEnding) this.#log('WARNING', `The connection to the hub ended (${printable(reason)}).`);
        await this.#sleep(reconnectMs);
      } catch (error) {
        // A refused certificate means that the hub knows another one: DPS must hear of ours again.
        if (error instanceof ConnectRefused) assignment = undefined;
        this.#explain(error);
        await this.#sleep(backoffMs);
        backoffMs = Math.min(backoffMs * 2, this.#application.backoffMsMax);
      }
    }
  }

  /** What is held up at each of the two doors. A board with its owner's certificate at both needs no daily one. */
  async #identities(): Promise<{ dps: ClientIdentity; hub: ClientIdentity }> {
    const { customCertificate: custom } = this.#options;
    if (custom?.overrides === 'both') return { dps: custom, hub: custom };
    const leaf = await this.#board.waitForLeaf();
    return { dps: custom?.overrides === 'dps' ? custom : leaf, hub: custom?.overrides === 'hub' ? custom : leaf };
  }

  async #register(identity: ClientIdentity): Promise<Assignment> {
    const { connection, platform, customCertificate: custom } = this.#options;
    if (connection.type === 'hub') {
      const deviceId = custom && custom.overrides !== 'dps' ? custom.name : this.deviceId;
      return { hubHostName: connection.host, deviceId };
    }
    const assignment = await registerDevice({
      clock: platform.clock,
      network: this.#network,
      ...connection,
      // With the daily certificate the registration id is its common name, and so it is with another.
      registrationId: custom && custom.overrides !== 'hub' ? custom.name : this.deviceId,
      identity,
      modelId: this.#application.modelId,
    });
    this.#onEvent({ type: 'registered', ...assignment });
    this.#log('INFO', `DPS assigned hub ${printable(assignment.hubHostName)}.`);
    return assignment;
  }

  /** One connection to the hub, from CONNECT to its end; resolves with the reason of the end. */
  async #serve(identity: ClientIdentity, { hubHostName, deviceId }: Assignment): Promise<string> {
    const { hubPort, platform, statesContentType = false } = this.#options;
    const { modelId, keepAliveSeconds } = this.#application;
    const connection = await openMqttConnection({
      clock: platform.clock,
      network: this.#network,
      host: hubHostName,
      port: hubPort,
      identity,
      connect: {
        clientId: deviceId,
        userName: formatHubUserName({
          hostName: hubHostName,
          deviceId,
          apiVersion: hubApiVersion,
          clientType: 'homeport-simulator',
          ...(modelId === undefined ? {} : { modelId }),
        }),
        keepAliveSeconds,
        cleanSession: false,
      },
      onMessage: (publish) => this.#session?.receive(publish),
    });
    this.#connection = connection;
    this.#session = new HubSession({
      deviceId,
      application: this.#application,
      transport: connection,
      statesContentType,
      onAcknowledged: () => this.#onEvent({ type: 'acknowledged' }),
    });
    this.#onEvent({ type: 'connected', hubHostName });
    this.#log('INFO', `Connected to hub ${printable(hubHostName)}.`);
    if (this.#isEnding) connection.disconnect();
    else this.#session.start();
    const reason = await connection.closed;
    this.#session = undefined;
    this.#connection = undefined;
    return reason;
  }

  #explain(error: unknown): void {
    const detail = printable(error instanceof Error ? error.message : String(error), 300);
    if (error instanceof ConnectRefused) {
      this.#onEvent({ type: 'connection-refused', code: error.code });
      this.#log('ERROR', `Not authenticated: ${detail}`);
      return;
    }
    if (error instanceof RegistrationRefused) {
      const { status, errorCode } = error;
      this.#onEvent({ type: 'registration-refused', status, errorCode, detail });
      this.#log('ERROR', `DPS refused the registration (${errorCode ?? status}): ${detail}`);
      return;
    }
    this.#log('ERROR', detail);
  }

  #port(values: () => number): ApplicationPort {
    return {
      clock: this.#clock,
      values,
      sendTelemetry: (body, properties) => this.#session?.sendTelemetry(body, properties) ?? false,
      report: (body) => this.#session?.report(body) ?? false,
      log: (level, line) => this.#log(level, line),
      exit: (code) => void this.#end(code),
    };
  }

  #scheduleTick(): void {
    this.#cancelTick = this.#clock.after(this.#application.periodMs, () => {
      this.#scheduleTick();
      this.#application.tick(this.#session !== undefined);
    });
  }

  /** Waits on the device's clock, or until the simulator ends. */
  #sleep(ms: number): Promise<unknown> {
    let cancel: Cancel = () => {};
    const slept = new Promise<void>((resolve) => {
      cancel = this.#clock.calendar.after(ms, resolve);
    });
    return Promise.race([slept, this.finished]).finally(() => cancel());
  }

  #log(level: 'INFO' | 'WARNING' | 'ERROR', line: string): void {
    this.#onEvent({ type: 'log', level, line });
  }
}
