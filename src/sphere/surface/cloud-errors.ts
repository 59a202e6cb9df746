import type { Problem, ProblemCode } from '#base/problem.ts';
import { type CloudError, cloudErrorCodes } from '#sphere/contract/cloud.ts';
import type { RenderedProblem } from '#wire/http/fastify.ts';

type Rendering = readonly [status: number, code: keyof typeof cloudErrorCodes];

const badRequest: Rendering = [400, 'BadRequest'];
const notFound: Rendering = [404, 'NotFound'];
const conflict: Rendering = [409, 'Conflict'];
const later: Rendering = [503, 'OperationFailed'];

/** Every problem in the words of the cloud API. */
const renderings: Readonly<Record<ProblemCode, Rendering>> = {
  malformed: badRequest,
  'argument-invalid': badRequest,
  unauthorized: [401, 'Forbidden'],
  forbidden: [403, 'Forbidden'],
  'not-found': notFound,
  'device-not-found': notFound,
  'enrollment-not-found': notFound,
  'registration-not-found': notFound,
  'certificate-not-found': notFound,
  'route-not-found': notFound,
  'method-not-allowed': [405, 'BadRequest'],
  'not-supported': [501, 'OperationFailed'],
  'already-exists': conflict,
  conflict,
  'precondition-failed': [412, 'Conflict'],
  'payload-too-large': [413, 'BadRequest'],
  'unsupported-media-type': [415, 'BadRequest'],
  'quota-exceeded': [429, 'OperationFailed'],
  throttled: [429, 'OperationFailed'],
  'device-disabled': [403, 'Forbidden'],
  'device-not-online': conflict,
  'device-timeout': [504, 'OperationFailed'],
  'device-reply-invalid': [502, 'OperationFailed'],
  'twin-invalid': badRequest,
  'certificate-invalid': badRequest,
  'proof-refused': [403, 'Forbidden'],
  'attestation-refused': [403, 'Forbidden'],
  'storage-full': later,
  unavailable: later,
  internal: [500, 'InternalServerError'],
};

export function renderCloudProblem(problem: Problem, trackingId: string): RenderedProblem {
  const [status, code] = renderings[problem.code];
  const body: CloudError = {
    Code: cloudErrorCodes[code],
    Message: problem.message,
    reason: problem.reason ?? problem.code,
    trackingId,
  };
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (problem.retryAfterSeconds !== undefined) headers['retry-after'] = String(problem.retryAfterSeconds);
  return { status, headers, json: body };
}
