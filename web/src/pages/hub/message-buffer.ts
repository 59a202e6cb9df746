import type { HubMessage } from '../../api/contract.ts';

/** A line of the monitor: a message, or what there is to say about messages that are not there. */
export type MonitorEntry = { key: string; message: HubMessage } | { key: string; note: string };

/** So many lines are kept; older ones make room. */
export const keptMax = 500;

/** `fresh`, in the order in which they came, on top of what is shown, newest first. */
export function withFresh(shown: readonly MonitorEntry[], fresh: readonly MonitorEntry[]): readonly MonitorEntry[] {
  return fresh.length === 0 ? shown : [...fresh.toReversed(), ...shown].slice(0, keptMax);
}

export function ofDevice(entries: readonly MonitorEntry[], device: string): readonly MonitorEntry[] {
  if (device === '') return entries;
  return entries.filter((entry) => !('message' in entry) || entry.message.deviceId === device);
}

export function skippedWords(count: number): string {
  const messages = count === 1 ? '1 message is' : `${count} messages are`;
  return `${messages} not shown: they came faster than a page can show.`;
}

export const gapWords = 'The connection was interrupted: what was sent meanwhile is not shown.';

/** One line of a body: JSON without its line breaks, text as it came, bytes by their number. */
export function bodyLine({ body, bodyEncoding, bodyBytes }: HubMessage): string {
  if (bodyEncoding === 'base64') return `${bodyBytes} bytes: ${body}`;
  return body === '' ? '(empty)' : body.replace(/\s+/g, ' ').trim();
}

/** The device, or its module. */
export function senderOf({ deviceId, moduleId }: HubMessage): string {
  return moduleId === undefined ? deviceId : `${deviceId}/${moduleId}`;
}
