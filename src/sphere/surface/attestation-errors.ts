import type { Problem, ProblemCode } from '#base/problem.ts';
import { mayTell, type RefusedOutcome } from '#sphere/attestation/outcome.ts';
import { type AttestationProblem, problemTypeOf } from '#sphere/contract/attestation.ts';
import type { RefusalReason } from '#trust/verdict.ts';
import type { RenderedProblem } from '#wire/http/fastify.ts';
import type { Reply } from '#wire/http/route.ts';

const contentType = 'application/problem+json';

/** Statuses of refusals that are not plain 403. */
const statusByReason: Partial<Record<RefusalReason, number>> = {
  malformed: 400,
  'rate-limited': 429,
  'claimed-elsewhere': 409,
  'clock-guard': 503,
  'ca-unavailable': 503,
};

/**
 * A refused device in the words of sphere.md 3.8. Whoever has not proved the device's key gets one
 * and the same body for every reason, down to the last byte.
 */
export function refusalReply(outcome: RefusedOutcome, trackingId: string): Reply {
  if (!mayTell(outcome)) {
    return reply({ code: 'denied', status: 403, title: 'Denied', detail: 'The request was refused.' }, undefined);
  }
  const { refusal, retryAfterSeconds, required } = outcome;
  return reply(
    {
      code: refusal.reason,
      status: statusByReason[refusal.reason] ?? 403,
      title: 'Refused',
      detail: refusal.detail,
      instance: `urn:uuid:${trackingId}`,
      ...(required === undefined ? {} : { required }),
    },
    retryAfterSeconds,
  );
}

type Body = Omit<AttestationProblem, 'type'>;

function reply(body: Body, retryAfterSeconds: number | undefined): Reply {
  const { status, headers, json } = render(body, retryAfterSeconds);
  return { status, ...(headers && { headers }), bytes: { type: contentType, data: Buffer.from(JSON.stringify(json)) } };
}

function render(body: Body, retryAfterSeconds: number | undefined): RenderedProblem {
  const problem: AttestationProblem = { type: problemTypeOf(body.code), ...body };
  const headers: Record<string, string> = { 'cache-control': 'no-store', 'content-type': contentType };
  if (retryAfterSeconds === undefined) return { status: body.status, headers, json: problem };
  headers['retry-after'] = String(retryAfterSeconds);
  return { status: body.status, headers, json: { ...problem, retryAfter: retryAfterSeconds } };
}

const malformed = [400, 'malformed'] as const;
const notFound = [404, 'not-found'] as const;
const later = [503, 'unavailable'] as const;

/** Every problem in the words of the attestation protocol, which has few. */
const renderings: Readonly<Record<ProblemCode, readonly [status: number, code: string]>> = {
  malformed,
  'argument-invalid': malformed,
  'payload-too-large': malformed,
  'unsupported-media-type': malformed,
  'twin-invalid': malformed,
  'certificate-invalid': malformed,
  unauthorized: [403, 'denied'],
  forbidden: [403, 'denied'],
  'proof-refused': [403, 'denied'],
  'attestation-refused': [403, 'denied'],
  'device-disabled': [403, 'denied'],
  'not-found': notFound,
  'device-not-found': notFound,
  'enrollment-not-found': notFound,
  'registration-not-found': notFound,
  'certificate-not-found': notFound,
  'route-not-found': notFound,
  'method-not-allowed': [405, 'method-not-allowed'],
  'not-supported': [501, 'not-supported'],
  'already-exists': [409, 'conflict'],
  conflict: [409, 'conflict'],
  'precondition-failed': [412, 'conflict'],
  'quota-exceeded': [429, 'rate-limited'],
  throttled: [429, 'rate-limited'],
  'device-not-online': later,
  'device-timeout': later,
  'device-reply-invalid': later,
  'storage-full': later,
  unavailable: later,
  internal: [500, 'internal'],
};

export function renderAttestationProblem(problem: Problem, trackingId: string): RenderedProblem {
  const [status, code] = renderings[problem.code];
  return render(
    { code, status, title: 'Not done', detail: problem.message, instance: `urn:uuid:${trackingId}` },
    problem.retryAfterSeconds,
  );
}
