import type { ConnectionMode } from './connection-mode.ts';
import type { Transcript } from './transcript.ts';

/** Ends the connection of `mode` and takes its services out of service; without one there is nothing to do (thin-edge.md 3.8). Throws Problem. */
export async function disconnect(mode: ConnectionMode | undefined, { tell, end }: Transcript): Promise<void> {
  tell('Removing Azure bridge.');
  if (mode) await mode.disconnect(tell);
  else end("Bridge doesn't exist. Operation finished!");
}
