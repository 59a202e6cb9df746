import type { Lifecycle } from '#base/lifecycle.ts';
import { AmqpConnections, type AmqpConnectionsOptions } from '#listeners/amqp-connections.ts';
import { HttpsListener } from '#listeners/https-listener.ts';
import type { ListenerLimits } from '#listeners/limits.ts';
import { MqttSessions, type MqttSessionsOptions } from '#listeners/mqtt-sessions.ts';
import type { HttpSurface, MqttSurface } from '#listeners/surface.ts';
import { TlsListener, type TlsListenerOptions } from '#listeners/tls-listener.ts';
import type { ServerIdentity } from '#listeners/tls-options.ts';
import { brokerListeners } from './broker-door.ts';
import type { ServerSettings } from './config.ts';
import { fileListenerLimits } from './file-service.ts';
import { portRefused } from './port-refused.ts';

export type PortsOptions = {
  readonly lifecycle: Lifecycle;
  readonly settings: ServerSettings;
  readonly listener: Omit<TlsListenerOptions, 'port'>;
  /** Of the ports that browsers use. */
  readonly visitorLimits: ListenerLimits;
  readonly people: (url: string) => HttpSurface;
  /** Undefined where files have no port: they are elsewhere, or below a name of their own. */
  readonly files: HttpSurface | undefined;
  readonly mqtt: MqttSessionsOptions['surfaces'];
  readonly amqp: AmqpConnectionsOptions['amqp'];
  /** The hub's broker, when it has one. */
  readonly broker: MqttSurface | undefined;
};

export type OpenPorts = {
  readonly people: number;
  readonly files: number | undefined;
  readonly mqtt: number;
  readonly amqp: number;
  /** Lines for whoever started the server. */
  readonly notices: readonly string[];
  /** Presents `identity` on each from the next handshake on. */
  present(identity: ServerIdentity): void;
};

/** Opens every port but the devices' HTTPS, one after the other; the lifecycle closes them. Throws StartRefused for one that cannot be had. */
export async function openPorts(options: PortsOptions): Promise<OpenPorts> {
  const { lifecycle, settings, listener, visitorLimits } = options;
  const presenting: { present(identity: ServerIdentity): void }[] = [];
  async function open<L extends Listener>(name: string, made: L, port: number, address = listener.address): Promise<number> {
    const bound = await bind(made, address, port);
    await lifecycle.start({ name, stop: () => made.stop() });
    return bound;
  }
  async function openTls(name: string, made: Listener & { present(identity: ServerIdentity): void }, port: number) {
    presenting.push(made);
    return open(name, made, port);
  }

  const forPeople = new HttpsListener({
    ...listener,
    limits: visitorLimits,
    port: settings['listeners.peoplePort'],
    asksForCertificate: false,
    choose: (request) => options.people(request.url ?? '/'),
  });
  const people = await openTls('people', forPeople, settings['listeners.peoplePort']);

  const { files: forFiles } = options;
  const files = forFiles
    ? await openTls(
        'files-listener',
        new HttpsListener({
          ...listener,
          limits: fileListenerLimits(visitorLimits),
          port: settings['files.port'],
          asksForCertificate: false,
          choose: () => forFiles,
        }),
        settings['files.port'],
      )
    : undefined;

  const { platform, limits } = listener;
  const sessions = new MqttSessions({ platform, limits, surfaces: options.mqtt });
  const mqttPort = settings['listeners.mqttPort'];
  const mqtt = await openTls('mqtt', new TlsListener({ ...listener, port: mqttPort }, sessions), mqttPort);
  const connections = new AmqpConnections({ platform, limits, amqp: options.amqp });
  const amqpPort = settings['listeners.amqpPort'];
  const amqp = await openTls('amqp', new TlsListener({ ...listener, port: amqpPort }, connections), amqpPort);

  const broker = brokerListeners(listener, options.broker, settings);
  if (broker.tls) await openTls('broker', broker.tls, settings['broker.port']);
  if (broker.plain) await open('plain-broker', broker.plain, settings['broker.plainPort'], broker.plainAddress);
  return {
    ...{ people, files, mqtt, amqp },
    notices: broker.notices,
    present(identity) {
      for (const each of presenting) each.present(identity);
    },
  };
}

type Listener = { start(): Promise<number>; stop(): Promise<void> };

async function bind(listener: Listener, address: string, port: number): Promise<number> {
  try {
    return await listener.start();
  } catch (error) {
    throw portRefused(error, address, port);
  }
}
