import { secondMs } from '#base/instant.ts';
import type { ProblemCode } from '#base/problem.ts';
import { decodeBagPairs } from '#wire/azure/message-properties.ts';
import { faultLimits } from './limits.ts';

/** Faults that end a connection or a part of it (hub-service-protocol.md 4.13). */
export const breakingFaults = [
  'KillTcp',
  'KillAmqpConnection',
  'KillAmqpSession',
  'KillAmqpCBSLinkReq',
  'KillAmqpCBSLinkResp',
  'KillAmqpD2CLink',
  'KillAmqpC2DLink',
  'KillAmqpMethodReqLink',
  'KillAmqpMethodRespLink',
  'KillAmqpTwinLinkReq',
  'KillAmqpTwinLinkResp',
  'ShutDownAmqp',
  'ShutDownMqtt',
] as const;
export type BreakingFault = (typeof breakingFaults)[number];

/** Faults that refuse the messages of a connection for a while, and as what. */
const refusingFaults = {
  InvokeThrottling: 'throttled',
  InvokeMaxMessageQuota: 'quota-exceeded',
  InvokeAuthError: 'unauthorized',
} as const satisfies Record<string, ProblemCode>;
export type RefusingFault = keyof typeof refusingFaults;

/** What a message asks to go wrong on the connection that it came by. */
export type AskedFault = { readonly reason: string; readonly delayMs: number } & (
  | { readonly kind: 'break'; readonly type: BreakingFault }
  | { readonly kind: 'refuse'; readonly type: RefusingFault; readonly code: ProblemCode; readonly durationMs: number }
);

const prefix = 'AzIoTHub_FaultOperation';

/**
 * The fault that the properties of a message ask for; undefined for an ordinary message. What asks for one that does
 * not exist, or for so many seconds that are no number, is a mistake: the message is an ordinary one then.
 */
export function readFault(bag: string): AskedFault | { readonly mistake: string } | undefined {
  if (!bag.includes(prefix)) return undefined;
  const pairs = new Map(decodeBagPairs(bag));
  const type = pairs.get(`${prefix}Type`);
  if (type === undefined) return undefined;
  const delayMs = readSeconds(pairs.get(`${prefix}DelayInSecs`), 0, faultLimits.delayMsMax);
  const durationMs = readSeconds(pairs.get(`${prefix}DurationInSecs`), faultLimits.durationMsDefault, faultLimits.durationMsMax);
  if (delayMs === undefined || durationMs === undefined) return { mistake: 'Delay and duration are whole seconds from 0 on.' };
  const reason = (pairs.get(`${prefix}CloseReason`) ?? '').slice(0, faultLimits.reasonCharactersMax);
  const breaking = breakingFaults.find((each) => each === type);
  if (breaking) return { kind: 'break', type: breaking, reason, delayMs };
  if (isRefusing(type)) return { kind: 'refuse', type, code: refusingFaults[type], reason, delayMs, durationMs };
  return { mistake: `There is no fault ${String(type).slice(0, 64)}.` };
}

function isRefusing(type: string | null): type is RefusingFault {
  return type !== null && Object.hasOwn(refusingFaults, type);
}

function readSeconds(text: string | null | undefined, absentMs: number, maxMs: number): number | undefined {
  if (text === undefined) return absentMs;
  if (text === null || !/^\d{1,9}$/.test(text)) return undefined;
  return Math.min(Number(text) * secondMs, maxMs);
}
