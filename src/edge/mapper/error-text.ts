import { printable } from '#base/printable.ts';

const echoMax = 40;
const topicMax = 120;

/** What is said on the error topics of a message that was not sent: which topic, why, and only so much of it that its author knows it again. */
export function formatRefusal(message: { topic: string; payload?: Uint8Array }, reason: string): string {
  const said = `The message on '${printable(message.topic, topicMax)}' was not sent to the hub: ${reason}.`;
  if (message.payload === undefined || message.payload.length === 0) return said;
  const start = Buffer.from(message.payload.subarray(0, 4 * echoMax)).toString('utf8');
  return `${said} It begins with: ${printable(start, echoMax)}`;
}
