import type { Cancel } from '#base/clock.ts';

/** Keeps the process alive where all that it waits for is time: the clock's timers do not. */
export function stayAwake(): Cancel {
  const { port1, port2 } = new MessageChannel();
  port1.ref();
  return () => {
    port1.close();
    port2.close();
  };
}
