import type { Clock } from '#base/clock.ts';
import { formatHttpDate } from '#base/instant.ts';
import type { Problem, ProblemCode } from '#base/problem.ts';
import type { HttpRequest, RenderedProblem } from '#wire/http/fastify.ts';
import type { ErrorResponse } from '../contract/error.ts';
import { echoedRequestId } from './request-id.ts';

/** Central's words for every problem there is. */
const dialect: Record<ProblemCode, readonly [status: number, code: string]> = {
  malformed: [400, 'InvalidBody'],
  'argument-invalid': [400, 'BadRequest'],
  unauthorized: [401, 'Unauthorized'],
  forbidden: [403, 'Forbidden'],
  'not-found': [404, 'NotFound'],
  'device-not-found': [404, 'DeviceNotFound'],
  'enrollment-not-found': [404, 'EnrollmentGroupNotFound'],
  'registration-not-found': [404, 'RegistrationNotFound'],
  'certificate-not-found': [404, 'CertificateNotFound'],
  'route-not-found': [404, 'NotFound'],
  'method-not-allowed': [405, 'MethodNotAllowed'],
  'not-supported': [501, 'NotSupported'],
  'already-exists': [409, 'AlreadyExists'],
  conflict: [409, 'Conflict'],
  'precondition-failed': [412, 'PreconditionFailed'],
  'payload-too-large': [413, 'PayloadTooLarge'],
  'unsupported-media-type': [415, 'UnsupportedMediaType'],
  'quota-exceeded': [429, 'QuotaExceeded'],
  throttled: [429, 'TooManyRequests'],
  'device-disabled': [409, 'DeviceDisabled'],
  // Like a 404 of the thing asked for: there is, at present, no such command to be had (central.md 4.5).
  'device-not-online': [404, 'DeviceNotConnected'],
  'device-timeout': [504, 'DeviceTimeout'],
  'device-reply-invalid': [502, 'DeviceResponseInvalid'],
  'twin-invalid': [400, 'InvalidPropertyValue'],
  'certificate-invalid': [400, 'InvalidCertificate'],
  'proof-refused': [400, 'ProofRefused'],
  'attestation-refused': [403, 'AttestationRefused'],
  'storage-full': [503, 'StorageFull'],
  unavailable: [503, 'ServiceUnavailable'],
  internal: [500, 'InternalServerError'],
};

/** A finer reason is the code where it is written as one: `ProofCodeMismatch`, `InvalidBody`. */
const codePattern = /^[A-Z][A-Za-z]+$/;

/** Central's error object, and the header that repeats its code (central.md 4.1). */
export function renderProblem(clock: Clock, problem: Problem, request: HttpRequest): RenderedProblem {
  const [status, general] = dialect[problem.code];
  const code = problem.reason !== undefined && codePattern.test(problem.reason) ? problem.reason : general;
  const json: ErrorResponse = {
    error: { code, message: problem.message, requestId: request.trackingId, time: formatHttpDate(clock.now()) },
  };
  const retryAfter = problem.retryAfterSeconds ?? (status === 429 ? 1 : undefined);
  return {
    status,
    headers: {
      'x-ms-error-code': code,
      ...echoedRequestId(request.headers),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }),
    },
    json,
  };
}
