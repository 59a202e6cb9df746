import { type Clock, pause } from '#base/clock.ts';

/** As `pause`, for a command that has nothing else open: a pending timer keeps no process alive, an open port does. */
export async function pauseAwake(clock: Clock, ms: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  port1.ref();
  try {
    await pause(clock, ms);
  } finally {
    port1.close();
    port2.close();
  }
}
