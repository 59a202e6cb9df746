import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';
import { AddressCounter } from './address-counter.ts';
import { Handshakes } from './handshakes.ts';
import type { ListenerLimits } from './limits.ts';

/** Holds a port to its limits until a connection has finished its handshake: in all, per address, and under way. */
export function guardSockets(platform: Platform, server: Server, limits: ListenerLimits): void {
  const refused = metricsOf(platform).counter('homeport_connections_refused_total');
  const failed = metricsOf(platform).counter('homeport_handshakes_failed_total');
  const addresses = new AddressCounter(limits.connectionsPerAddressMax);
  const handshakes = new Handshakes(limits.handshakesMax);
  server.maxConnections = limits.connectionsMax;
  server.on('connection', (socket: Socket) => {
    // Not everybody who opens a socket finishes a handshake; the failures are theirs.
    socket.on('error', () => socket.destroy());
    if (addresses.admit(socket)) handshakes.begin(nameOf(socket), socket);
    else {
      refused.value++;
      socket.destroy();
    }
  });
  server.on('tlsClientError', (_error, socket) => {
    failed.value++;
    socket.destroy();
  });
  server.on('secureConnection', (socket) => handshakes.end(nameOf(socket)));
}

/** What no other open connection of the port has. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
