import { type Clock, pause } from '#base/clock.ts';
import { type LocalClientOptions, openLocalClient } from '#edge/broker/local-client.ts';
import { parseDuration } from '#edge/settings/duration.ts';
import type { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Invocation, OptionSpec } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { stayAwake } from '../stay-awake.ts';
import { attempt } from '../tedge-failure.ts';

export const qosOption: OptionSpec = { name: 'qos', short: 'q', value: '0|1|2', summary: '1 when absent; 2 is carried as 1' };

/** What `--qos` says. We carry 2 as 1: the bridge does so in any case (thin-edge.md 7.2). */
export function qosOf({ options }: Pick<Invocation, 'options'>): 0 | 1 {
  const qos = options.number('qos', { min: 0, max: 2, isInteger: true }) ?? 1;
  return qos === 0 ? 0 : 1;
}

/** The value of an option that is a duration, in milliseconds. */
export function durationOption({ options }: Pick<Invocation, 'options'>, name: string): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw new CommandFailure('usage', `--${name} got '${text}'.`, { why: 'It takes a duration such as 500ms, 10s or 2m.' });
}

const retryMs = 200;

/** Connects to the local broker, trying again until `timeoutMs` have passed; 0 tries for ever. */
export async function connectLocally(
  { platform: { clock, random } }: Pick<Invocation, 'platform'>,
  settings: TedgeSettings,
  options: Pick<LocalClientOptions, 'onMessage'> & { readonly timeoutMs: number },
) {
  const [host, port] = [settings.text('mqtt.client.host'), Number(settings.load('mqtt.client.port'))];
  const { timeoutMs, ...rest } = options;
  return attempt(`connect to the local broker at ${host}:${port}`, async () => {
    const end = timeoutMs === 0 ? Number.POSITIVE_INFINITY : clock.monotonic() + timeoutMs;
    for (;;) {
      const late = new AbortController();
      const cancel = timeoutMs === 0 ? () => {} : clock.after(Math.max(0, end - clock.monotonic()), () => late.abort());
      try {
        const clientId = `tedge-${random.bytes(6).toString('hex')}`;
        return await openLocalClient({ ...rest, clock, host, port, clientId, signal: late.signal });
      } catch (error) {
        if (clock.monotonic() + retryMs >= end) throw error;
        await pauseAwake(clock, retryMs);
      } finally {
        cancel();
      }
    }
  });
}

/** As `pause`, and the process stays alive although nothing else is open. */
export async function pauseAwake(clock: Clock, ms: number): Promise<void> {
  const cancel = stayAwake();
  await pause(clock, ms);
  cancel();
}
