import { isConnected } from './bridge-file.ts';
import type { ConnectionMode } from './connection-mode.ts';
import type { Transcript } from './transcript.ts';

/** Ends the connection and takes its services out of service; without one there is nothing to do (thin-edge.md 3.8). Throws Problem. */
export async function disconnect(mode: ConnectionMode, { tell, end }: Transcript): Promise<void> {
  tell('Removing Azure bridge.');
  if (await isConnected(mode.bridgeFile)) await mode.disconnect(tell);
  else end("Bridge doesn't exist. Operation finished!");
}
