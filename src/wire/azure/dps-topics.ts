import { assert } from '#base/assert.ts';
import { formatTopicQuery, parseTopicQuery } from './topic-query.ts';

/** The only filter a registering device may subscribe to (dps-device-protocol.md 5.2). */
export const dpsResponseFilter = '$dps/registrations/res/#';

const registerPrefix = '$dps/registrations/PUT/iotdps-register/';
const pollPrefix = '$dps/registrations/GET/iotdps-get-operationstatus/';
const responsePrefix = '$dps/registrations/res/';

export type DpsRequestTopic =
  | { readonly kind: 'register'; readonly requestId: string }
  /** An operation id that was not sent is the empty one, which no operation has. */
  | { readonly kind: 'poll'; readonly requestId: string; readonly operationId: string };

export type DpsResponseTopic = { readonly status: number; readonly requestId: string; readonly retryAfterSeconds?: number };

/** Reads a topic that a registering device published on; undefined when it is none of the two, or has no request id to answer to. */
export function parseDpsRequestTopic(topic: string): DpsRequestTopic | undefined {
  const isRegister = topic.startsWith(registerPrefix);
  if (!isRegister && !topic.startsWith(pollPrefix)) return undefined;
  const query = parseTopicQuery(topic.slice(isRegister ? registerPrefix.length : pollPrefix.length));
  const requestId = query?.get('$rid');
  if (requestId === undefined) return undefined;
  return isRegister ? { kind: 'register', requestId } : { kind: 'poll', requestId, operationId: query?.get('operationId') ?? '' };
}

/** `?$rid=` first and echoed as it came, `retry-after` last, whole seconds, nothing behind: the union of what parsers need. */
export function formatDpsResponseTopic({ status, requestId, retryAfterSeconds }: DpsResponseTopic): string {
  assert(status >= 100 && status <= 999, 'a response status has three digits');
  const pairs: [string, string][] = [['$rid', requestId]];
  if (retryAfterSeconds !== undefined) {
    assert(Number.isSafeInteger(retryAfterSeconds) && retryAfterSeconds >= 0, 'retry-after is in whole seconds');
    pairs.push(['retry-after', String(retryAfterSeconds)]);
  }
  return `${responsePrefix}${status}/${formatTopicQuery(pairs)}`;
}

export function formatDpsRegisterTopic(requestId: string): string {
  return `${registerPrefix}${formatTopicQuery([['$rid', requestId]])}`;
}

export function formatDpsPollTopic(requestId: string, operationId: string): string {
  return `${pollPrefix}${formatTopicQuery([
    ['$rid', requestId],
    ['operationId', operationId],
  ])}`;
}

/** Reads a topic that the service answered on; undefined when it is none. */
export function parseDpsResponseTopic(topic: string): DpsResponseTopic | undefined {
  const match = /^\$dps\/registrations\/res\/(\d{3})\/(.*)$/s.exec(topic);
  if (!match) return undefined;
  const [, status = '', rest = ''] = match;
  const query = parseTopicQuery(rest);
  const requestId = query?.get('$rid');
  if (requestId === undefined) return undefined;
  const wait = query?.get('retry-after');
  return {
    status: Number(status),
    requestId,
    ...(wait !== undefined && /^\d{1,9}$/.test(wait) ? { retryAfterSeconds: Number(wait) } : {}),
  };
}
