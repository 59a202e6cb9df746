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
  // One listener for all waits: a promise that each wait raced against would hold them all.
  let wake = () => {};
  stopping.addEventListener('abort', () => wake(), { once: true });
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
    if (stopping.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(rangeMs * (0.5 + random.fraction() / 2), resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  }
}
