import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Platform } from '#base/platform.ts';
import type { OutboxMessage } from './outbox-record.ts';

/** A file for people: beyond this, what comes is counted and reported, and no longer kept. */
const fileBytesMax = 8 * 1024 * 1024;

/** Puts aside a message that the hub ends the connection over, as one line of JSON in `dead-letters.jsonl`. `full`: that file has its size. */
export async function keepDeadLetter(
  platform: Platform,
  directory: string,
  message: OutboxMessage,
): Promise<'kept' | 'full' | 'failed'> {
  const path = join(directory, 'dead-letters.jsonl');
  const { topic, payload, qos, retain } = message;
  const line = `${JSON.stringify({ at: new Date(platform.clock.now()).toISOString(), topic, qos, retain, payload: payload.toString('base64') })}\n`;
  try {
    const file = await open(path, 'a', 0o600);
    try {
      const { size } = await file.stat();
      if (size + line.length > fileBytesMax) return 'full';
      await file.writeFile(line);
      await file.sync();
      return 'kept';
    } finally {
      await file.close();
    }
  } catch (error) {
    platform.log.error('outbox.dead-letter-failed', { path, error: String(error) });
    return 'failed';
  }
}
