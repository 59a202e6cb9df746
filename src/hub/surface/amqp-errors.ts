import type { Problem, ProblemCode } from '#base/problem.ts';
import type { AmqpError } from '#wire/amqp/handler.ts';
import type { DisconnectCause } from '../presence/presence.ts';
import { hubErrorOf } from './errors.ts';

/** Every code as a condition of AMQP (hub-device-protocol.md 5.9): leaving one out does not compile. */
const conditions = {
  malformed: 'com.microsoft:argument-error',
  'argument-invalid': 'com.microsoft:argument-error',
  unauthorized: 'amqp:unauthorized-access',
  forbidden: 'amqp:unauthorized-access',
  'not-found': 'amqp:not-found',
  'device-not-found': 'amqp:not-found',
  'enrollment-not-found': 'amqp:not-found',
  'registration-not-found': 'amqp:not-found',
  'certificate-not-found': 'amqp:not-found',
  'route-not-found': 'amqp:not-found',
  'method-not-allowed': 'amqp:not-allowed',
  'not-supported': 'amqp:not-implemented',
  'already-exists': 'com.microsoft:device-already-exists',
  conflict: 'com.microsoft:precondition-failed',
  'precondition-failed': 'com.microsoft:precondition-failed',
  'payload-too-large': 'amqp:link:message-size-exceeded',
  'unsupported-media-type': 'com.microsoft:argument-error',
  'quota-exceeded': 'amqp:resource-limit-exceeded',
  throttled: 'com.microsoft:device-container-throttled',
  'device-disabled': 'amqp:unauthorized-access',
  'device-not-online': 'amqp:not-found',
  'device-timeout': 'com.microsoft:timeout',
  'device-reply-invalid': 'com.microsoft:argument-error',
  'twin-invalid': 'com.microsoft:argument-error',
  'certificate-invalid': 'com.microsoft:argument-error',
  'proof-refused': 'com.microsoft:argument-error',
  'attestation-refused': 'amqp:unauthorized-access',
  'storage-full': 'amqp:internal-error',
  unavailable: 'amqp:internal-error',
  internal: 'amqp:internal-error',
} as const satisfies Record<ProblemCode, string>;

export function amqpErrorOf(problem: Problem, trackingId: string): AmqpError {
  return amqpError(conditions[problem.code], problem.message, trackingId, hubErrorOf(problem).errorCode);
}

export function amqpError(condition: string, description: string, trackingId: string, errorCode?: number): AmqpError {
  return {
    condition,
    description: `${description} TrackingId:${trackingId}`,
    info: {
      'com.microsoft:tracking-id': trackingId,
      ...(errorCode === undefined ? {} : { 'com.microsoft:error-code': errorCode }),
    },
  };
}

/** How a session that is ended from here is told so; `isAlone`: nobody else uses its connection. */
export function errorOfCause(cause: DisconnectCause, trackingId: string, isAlone: boolean): AmqpError {
  switch (cause) {
    case 'newer-connection':
      return amqpError(isAlone ? 'amqp:connection:forced' : 'amqp:link:stolen', 'The device connected anew.', trackingId, 400027);
    case 'credential-expired':
    case 'credential-changed':
    case 'certificate-revoked':
    case 'device-disabled':
      return amqpError('amqp:unauthorized-access', 'The credential is no longer good.', trackingId, 401003);
    case 'device-deleted':
      return amqpError('amqp:not-found', 'There is no such device any more.', trackingId, 404001);
    case 'fault-injected':
      return amqpError(isAlone ? 'amqp:connection:forced' : 'amqp:link:detach-forced', 'A fault was asked for.', trackingId);
    case 'client-too-slow':
      return amqpError('amqp:resource-limit-exceeded', 'The device does not read what it is sent.', trackingId);
    case 'throttled':
      return amqpError('com.microsoft:device-container-throttled', 'Too many requests.', trackingId, 429001);
    case 'quota-exceeded':
      return amqpError('amqp:resource-limit-exceeded', 'The quota of messages is used up.', trackingId, 403002);
    case 'hub-stopped':
      return amqpError(isAlone ? 'amqp:connection:forced' : 'amqp:link:detach-forced', 'The hub stops.', trackingId, 503001);
    default:
      return amqpError('amqp:internal-error', 'The hub cannot go on at present.', trackingId, 500001);
  }
}
