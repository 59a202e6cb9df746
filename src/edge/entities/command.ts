import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { OutboundPublish } from '#wire/mqtt/packet.ts';
import { localPacketBytesMax } from '../broker/limits.ts';
import type { LocalNames } from './local-topic.ts';

/** Where a command stands (thin-edge.md 13). Other agents may have states of their own between `init` and the last two. */
export type CommandStatus = 'init' | 'scheduled' | 'executing' | 'successful' | 'failed';

/** One request and what has become of it: what is retained on its topic. */
export type Command = JsonObject & { readonly status: string };

export type CommandTopic = {
  readonly operation: string;
  /** Undefined for the topic that says that the operation is there at all. */
  readonly id: string | undefined;
};

/** A command is stored under its name, and names come from anybody on the broker. */
const levelCharactersMax = 128;

/** A command's topic of the main device; undefined for any other topic. */
export function parseCommandTopic(topic: string, names: LocalNames): CommandTopic | undefined {
  const start = `${names.topicRoot}/${names.mainTopicId}/cmd/`;
  if (!topic.startsWith(start)) return undefined;
  const [operation = '', id, ...rest] = topic.slice(start.length).split('/');
  const isLevel = (text: string) => text !== '' && text.length <= levelCharactersMax;
  if (rest.length > 0 || !isLevel(operation) || (id !== undefined && !isLevel(id))) return undefined;
  return { operation, id };
}

export function commandTopic(names: LocalNames, operation: string, id: string): string {
  return `${capabilityTopic(names, operation)}/${id}`;
}

export function capabilityTopic({ topicRoot, mainTopicId }: LocalNames, operation: string): string {
  return `${topicRoot}/${mainTopicId}/cmd/${operation}`;
}

/** Throws Problem `malformed` for what no command looks like. A state has its result in it, so it may be as large as a packet. */
export function parseCommand(payload: Uint8Array): Command {
  return requireCommand(parseJson(payload, { bytesMax: localPacketBytesMax }));
}

export function requireCommand(value: Json | undefined): Command {
  if (!isJsonObject(value) || typeof value.status !== 'string') {
    throw new Problem('malformed', 'A command is a JSON object with a status.');
  }
  return { ...value, status: value.status };
}

export function isFinal({ status }: Command): boolean {
  return status === 'successful' || status === 'failed';
}

/** A message that stays on its topic. */
export function retained(topic: string, value: JsonObject | undefined): OutboundPublish {
  return { topic, payload: value === undefined ? '' : JSON.stringify(value), qos: 1, retain: true };
}
