import type { BrokerLimits } from '#hub/broker/limits.ts';
import { MqttSessions } from '#listeners/mqtt-sessions.ts';
import { PlainMqttListener } from '#listeners/plain-mqtt-listener.ts';
import type { MqttSurface } from '#listeners/surface.ts';
import { TlsListener, type TlsListenerOptions } from '#listeners/tls-listener.ts';
import type { ServerSettings } from './config.ts';
import { isLoopback } from './reach.ts';

/** What the hub is told of its broker; undefined when no port was asked for. */
export function brokerLimitsOf(settings: ServerSettings): BrokerLimits | undefined {
  if (settings['broker.port'] === 0 && settings['broker.plainPort'] === 0) return undefined;
  return {
    subscriptionsMax: settings['broker.subscriptionsMax'],
    queueMessagesMax: settings['broker.queueMessagesMax'],
    queueBytesMax: settings['broker.queueBytesMax'],
    queuedBytesMax: settings['broker.queuedBytesMax'],
    retainedMessagesMax: settings['broker.retainedMessagesMax'],
    retainedBytesMax: settings['broker.retainedBytesMax'],
  };
}

/** The ports of the broker that were asked for, not bound yet. */
export function brokerListeners(
  listener: Omit<TlsListenerOptions, 'port'>,
  surface: MqttSurface | undefined,
  settings: ServerSettings,
): { tls: TlsListener | undefined; plain: PlainMqttListener | undefined; plainAddress: string; notices: string[] } {
  const { 'broker.port': port, 'broker.plainPort': plainPort } = settings;
  // Without TLS a token is readable on the way: nothing but this machine gets near it.
  const plainAddress = isLoopback(listener.address) ? listener.address : '127.0.0.1';
  if (!surface) return { tls: undefined, plain: undefined, plainAddress, notices: [] };
  const surfaces = { hub: surface, provisioning: surface };
  return {
    tls: port === 0 ? undefined : new TlsListener({ ...listener, port }, new MqttSessions({ ...listener, surfaces })),
    plain: plainPort === 0 ? undefined : new PlainMqttListener({ ...listener, address: plainAddress, port: plainPort, surfaces }),
    plainAddress,
    notices: [describeDoor(port, plainAddress, plainPort)],
  };
}

/** Whoever opens the door should know what it shows. */
function describeDoor(port: number, plainAddress: string, plainPort: number): string {
  const ports = [
    ...(port === 0 ? [] : [`port ${port}`]),
    ...(plainPort === 0 ? [] : [`port ${plainPort} of ${plainAddress} without TLS`]),
  ];
  return `Plain MQTT broker on ${ports.join(' and ')}: every device of the hub may read and write every topic there.`;
}
