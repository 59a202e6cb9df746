import { formatInstantTicks, type Instant } from '#base/instant.ts';
import type { Problem, ProblemCode } from '#base/problem.ts';
import type { RenderedProblem } from '#wire/http/fastify.ts';

/** dps-service-protocol.md 2.2; the first three digits are the status. */
const errorCodes = {
  malformed: 400000,
  'argument-invalid': 400004,
  unauthorized: 401002,
  // A policy without the right is answered like a token that is no good (statement 3).
  forbidden: 401002,
  'not-found': 404000,
  'device-not-found': 404000,
  'enrollment-not-found': 404201,
  'registration-not-found': 404202,
  'certificate-not-found': 404211,
  'route-not-found': 404000,
  'method-not-allowed': 405000,
  'not-supported': 400001,
  'already-exists': 409201,
  conflict: 409203,
  'precondition-failed': 412001,
  'payload-too-large': 413000,
  'unsupported-media-type': 415000,
  'quota-exceeded': 403000,
  throttled: 429001,
  'device-disabled': 403000,
  'device-not-online': 404000,
  'device-timeout': 503000,
  'device-reply-invalid': 500001,
  'twin-invalid': 400004,
  'certificate-invalid': 400004,
  'proof-refused': 400004,
  'attestation-refused': 401002,
  'storage-full': 503000,
  unavailable: 503000,
  internal: 500001,
} as const satisfies Record<ProblemCode, number>;

/** Where the reason says more than the code. */
const finerCodes: Readonly<Record<string, number>> = {
  'argument-invalid registration-id-malformed': 400202,
  'argument-invalid group-id-malformed': 400204,
  'argument-invalid too-many-enrollments': 400205,
  'argument-invalid defined-twice': 400206,
  'argument-invalid certificate-not-found': 404211,
  'enrollment-not-found enrollment-group': 404204,
  'already-exists enrollment-group': 409202,
};

/** What a client waits before it tries again when we do not know better. */
const retryAfterSecondsDefault = 5;

export function serviceErrorCode({ code, reason }: Problem): number {
  return finerCodes[`${code} ${reason}`] ?? errorCodes[code];
}

/** A Problem in the words of the service's REST. */
export function renderServiceProblem(problem: Problem, trackingId: string, at: Instant): RenderedProblem {
  const errorCode = serviceErrorCode(problem);
  const status = Math.floor(errorCode / 1000);
  const mustWait = status === 429 || status === 503;
  return {
    status,
    headers: {
      'x-ms-error-code': String(errorCode),
      ...(mustWait && { 'retry-after': String(problem.retryAfterSeconds ?? retryAfterSecondsDefault) }),
    },
    json: { errorCode, trackingId, message: problem.message, info: {}, timestampUtc: formatInstantTicks(at) },
  };
}
