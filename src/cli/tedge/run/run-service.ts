import type { Platform } from '#base/platform.ts';
import type { TedgeSettings } from '#edge/settings/tedge-settings.ts';
import type { Invocation } from '../../kit/command.ts';
import { stayAwake } from '../stay-awake.ts';
import { holdService } from './hold-service.ts';

/** Runs a service, as the one instance of it, until somebody interrupts. `start` resolves when it runs. */
export async function runService(
  invocation: Invocation,
  settings: TedgeSettings,
  service: string,
  start: (platform: Platform) => Promise<{ stop(): Promise<void> }>,
): Promise<void> {
  const { terminal, platform } = invocation;
  const { log, ready, release } = await holdService(invocation, settings, service);
  const interrupted = Promise.withResolvers<void>();
  // Between two attempts to reach a broker nothing else keeps the process alive.
  const cancels = [terminal.onInterrupt(() => interrupted.resolve()), stayAwake()];
  try {
    const running = await start({ ...platform, log });
    await ready();
    await interrupted.promise;
    await running.stop();
  } finally {
    for (const cancel of cancels) cancel();
    await release();
  }
}
