import { Problem } from '#base/problem.ts';
import { checkTopicFilter } from '#wire/mqtt/topic-filter.ts';

/** A message on the local broker. */
export type LocalMessage = {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
};

const topicBytesMax = 65_535;

/** Throws Problem `argument-invalid` for what no message may be published under. */
export function requireTopicName(text: string): string {
  if (text !== '' && !/[+#\0]/.test(text) && Buffer.byteLength(text) <= topicBytesMax) return text;
  throw new Problem('argument-invalid', `'${text}' is no topic to publish to: it is not empty and has no + and no #.`);
}

/** Throws Problem `argument-invalid` for what nobody may subscribe to. */
export function requireTopicFilter(text: string): string {
  try {
    if (text.includes('\0') || Buffer.byteLength(text) > topicBytesMax) throw new Error('a sign or a length that no topic has');
    checkTopicFilter(text);
    return text;
  } catch (cause) {
    throw new Problem('argument-invalid', `'${text}' is no topic filter: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
}
