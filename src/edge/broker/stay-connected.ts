import { pause } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { ClientConnection } from './local-client.ts';

const reconnectMsMin = 500;
const reconnectMsMax = 15_000;

/**
 * Keeps a client of the local broker connected: connects again, more and more slowly, until `stopping` is aborted. `name` is the first half
 * of what is logged.
 */
export async function stayConnected(
  { clock, random, log }: Platform,
  options: { readonly name: string; readonly stopping: AbortSignal; readonly connect: () => Promise<ClientConnection> },
): Promise<void> {
  const { name, stopping, connect } = options;
  const stopped = new Promise<void>((resolve) => stopping.addEventListener('abort', () => resolve(), { once: true }));
  for (let failures = 0; !stopping.aborted; ) {
    try {
      const connection = await connect();
      failures = 0;
      const reason = await connection.closed;
      if (!stopping.aborted) log.warn(`${name}.disconnected`, { reason });
    } catch (error) {
      // Once, not at every attempt: a broker that is not there yet is no news.
      if (failures++ === 0 && !stopping.aborted) log.warn(`${name}.broker-unreachable`, { error: String(error) });
    }
    const rangeMs = Math.min(reconnectMsMax, reconnectMsMin * 2 ** Math.min(failures, 10));
    if (!stopping.aborted) await Promise.race([pause(clock, rangeMs * (0.5 + random.fraction() / 2)), stopped]);
  }
}
