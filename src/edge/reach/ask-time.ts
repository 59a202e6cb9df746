import { parseInstant, secondMs } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import { endOf, type Reach, reachServer } from './reach.ts';

const headBytesMax = 16 * 1024;
const answerMsMax = 15 * secondMs;

/**
 * Asks a service of the cloud for the time, which HTTPS tells in every answer (RFC 9110 6.6.1): MQTT does not. Only who must say how long a
 * token lasts needs it. A service that cannot be asked leaves the time unknown.
 */
export async function askTime(
  { clock, log }: Platform,
  reach: Reach,
  { host, port, signal }: { readonly host: string; readonly port: number; readonly signal: AbortSignal },
): Promise<void> {
  const late = new AbortController();
  const cancel = clock.after(answerMsMax, () => late.abort());
  const either = AbortSignal.any([signal, late.signal]);
  try {
    const socket = await reachServer(reach, { host, port, signal: either });
    // Asked now: a connection that is closed knows no certificate any more, and leaving the loop below closes it.
    const until = endOf(socket);
    const end = () => void socket.destroy();
    either.addEventListener('abort', end, { once: true });
    // It may have been between the two.
    if (either.aborted) end();
    socket.write(`HEAD / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let head = '';
    try {
      for await (const chunk of socket) {
        head += String(chunk);
        if (head.includes('\r\n\r\n') || head.length > headBytesMax) break;
      }
    } finally {
      either.removeEventListener('abort', end);
    }
    const [, date = ''] = /^date: *([^\r\n]{1,64})\r$/im.exec(head.slice(0, headBytesMax)) ?? [];
    const at = parseInstant(date);
    if (at === undefined || until === undefined) throw new Error(`${host}:${port} did not say what time it is.`);
    await reach.time.tell(at, until);
    log.info('time.told', { host, at: new Date(reach.time.now()).toISOString() });
  } catch (error) {
    log.warn('time.unknown', { host, port, error: error instanceof Error ? error.message : String(error) });
  } finally {
    cancel();
  }
}
