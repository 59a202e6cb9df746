import { pause } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import type { BrokerPlace } from '../broker/await-broker.ts';
import { openLocalClient } from '../broker/local-client.ts';

const checkMsMax = 10_000;
/** A bridge that is not connected yet keeps no requests for the twin, so one request would not do. */
const againMs = 1_000;

/**
 * Whether the hub answers a request for the device's twin that is published locally, within the time that every generation waits (thin-edge.md
 * 8.3). It is always the same request, as the original's.
 */
export async function checkConnection(platform: Platform, at: BrokerPlace, prefix: string): Promise<boolean> {
  const { clock, random } = platform;
  const answered = Promise.withResolvers<boolean>();
  const late = new AbortController();
  const cancel = clock.after(checkMsMax, () => {
    late.abort();
    answered.resolve(false);
  });
  try {
    const { session, closed } = await openLocalClient({
      ...{ clock, ...at, clientId: `tedge-check-${random.bytes(6).toString('hex')}`, signal: late.signal },
      onMessage: ({ topic }) => {
        if (topic.startsWith(`${prefix}/twin/res/200/`)) answered.resolve(true);
      },
    });
    void closed.then(() => answered.resolve(false));
    session.subscribe([{ filter: `${prefix}/twin/res/#`, qos: 1 }]);
    const ask = async () => {
      while (!late.signal.aborted && session.isConnected) {
        session.publish({ topic: `${prefix}/twin/GET/?$rid=1`, payload: '', qos: 1, retain: false });
        await pause(clock, againMs);
      }
    };
    void ask();
    const isConnected = await answered.promise;
    session.disconnect();
    await closed;
    return isConnected;
  } catch {
    // No local broker, or one that refuses: nothing can be checked through it.
    return false;
  } finally {
    cancel();
  }
}
