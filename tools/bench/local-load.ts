/** Programs on a device, as its local broker sees them: QoS 1 on az/messages/events/, at a rate. */
import { systemClock } from '#base/clock.ts';
import { openLocalClient } from '#edge/broker/local-client.ts';
import { type EdgeAgent, localAddress } from './edge-agents.ts';

const turnMs = 10;
const payloadBytes = 256;

/** The body of one message, padded to what devices send elsewhere in this bench. */
export function bodyOf(name: string, number: number): string {
  const head = `{"run":"${name}","n":${number},"pad":"`;
  return `${head}${'x'.repeat(payloadBytes - head.length - 2)}"}`;
}

/** Publishes the numbers 1 to `count`, `perSecond` of them; resolves when the broker has acknowledged each. */
export async function publishLocally(
  { port }: Pick<EdgeAgent, 'port'>,
  { name, count, perSecond }: { readonly name: string; readonly count: number; readonly perSecond: number },
): Promise<void> {
  const clientId = `load-${name}`;
  const { session, closed } = await openLocalClient({ clock: systemClock, host: localAddress, port, clientId });
  const all = Promise.withResolvers<void>();
  void closed.then((reason) => all.reject(new Error(`The local broker ended the connection (${reason}).`)));
  let [sent, acknowledged] = [0, 0];
  const began = performance.now();
  const turn = () => {
    const due = Math.min(count, Math.floor(((performance.now() - began) * perSecond) / 1000));
    while (sent < due) {
      const message = { topic: 'az/messages/events/', payload: bodyOf(name, sent + 1), qos: 1, retain: false } as const;
      const isSent = session.publish(message, () => {
        if (++acknowledged === count) all.resolve();
      });
      // So many wait for an acknowledgement that the session takes no more now.
      if (!isSent) return;
      sent++;
    }
  };
  const timer = setInterval(turn, turnMs);
  try {
    await all.promise;
  } finally {
    clearInterval(timer);
    session.disconnect();
  }
}
