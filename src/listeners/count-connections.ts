import type { Duplex } from 'node:stream';
import { metricsOf } from '#base/metrics.ts';
import type { Platform } from '#base/platform.ts';

/** To be called with each connection that speaks `protocol`. One that is upgraded counts under both names. */
export function countConnections(platform: Platform, protocol: 'mqtt' | 'amqp' | 'https'): (stream: Duplex) => void {
  const metrics = metricsOf(platform);
  const opened = metrics.counter('homeport_connections_opened_total', { protocol });
  let open = 0;
  let isGauged = false;
  return (stream) => {
    if (!isGauged) metrics.gauge('homeport_connections', () => open, { protocol });
    isGauged = true;
    opened.value++;
    open++;
    stream.once('close', () => {
      open--;
    });
  };
}
