import { pause } from '#base/clock.ts';
import type { Platform } from '#base/platform.ts';
import { openLocalClient } from './local-client.ts';

export type BrokerPlace = { readonly host: string; readonly port: number };

/** How long somebody who holds the broker's port may take to answer as one. */
const probeMsMax = 5_000;
const lookMs = 100;

/** Whether somebody at `at` answers as an MQTT broker does. */
export async function answersMqtt({ clock, random }: Pick<Platform, 'clock' | 'random'>, at: BrokerPlace): Promise<boolean> {
  const late = new AbortController();
  const cancel = clock.after(probeMsMax, () => late.abort());
  try {
    const clientId = `tedge-probe-${random.bytes(6).toString('hex')}`;
    const { session, closed } = await openLocalClient({ clock, ...at, clientId, signal: late.signal });
    session.disconnect();
    await closed;
    return true;
  } catch {
    return false;
  } finally {
    cancel();
  }
}

/** Waits for a broker that was just started; whether it answered within `msMax`. */
export async function awaitBroker(platform: Platform, at: BrokerPlace, msMax: number): Promise<boolean> {
  const { clock } = platform;
  for (const end = clock.monotonic() + msMax; ; ) {
    if (await answersMqtt(platform, at)) return true;
    if (clock.monotonic() >= end) return false;
    await pause(clock, lookMs);
  }
}
