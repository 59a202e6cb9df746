import { formatInstantTicks, type Instant } from '#base/instant.ts';
import type { Problem, ProblemCode } from '#base/problem.ts';
import { type Refusal, type RefusalReason, refuse } from '#trust/verdict.ts';

/** Six digits whose first three are the status: some SDKs divide by 1000 (dps-device-protocol.md 6.5). */
const errorCodes = {
  malformed: 400000,
  'argument-invalid': 400004,
  unauthorized: 401002,
  forbidden: 403000,
  'not-found': 404000,
  'device-not-found': 404201,
  'enrollment-not-found': 404201,
  'registration-not-found': 404202,
  'certificate-not-found': 404000,
  'route-not-found': 404000,
  'method-not-allowed': 405000,
  'not-supported': 400001,
  'already-exists': 409201,
  conflict: 409203,
  'precondition-failed': 412000,
  'payload-too-large': 413000,
  'unsupported-media-type': 415000,
  'quota-exceeded': 403001,
  throttled: 429001,
  'device-disabled': 403000,
  'device-not-online': 404000,
  'device-timeout': 503000,
  'device-reply-invalid': 500000,
  'twin-invalid': 400000,
  'certificate-invalid': 400000,
  'proof-refused': 400000,
  'attestation-refused': 401002,
  'storage-full': 503000,
  unavailable: 503000,
  internal: 500000,
} as const satisfies Record<ProblemCode, number>;

export type DpsError = {
  status: number;
  retryAfterSeconds: number | undefined;
  body: { errorCode: number; trackingId: string; message: string; timestampUtc: string };
};

/** A Problem in the words of the provisioning service, the same on every transport. */
export function renderDpsProblem(problem: Problem, trackingId: string, at: Instant): DpsError {
  const errorCode = errorCodes[problem.code];
  const status = Math.floor(errorCode / 1000);
  return {
    status,
    // Without it, clients that retry on 429 and 5xx would do so at once.
    retryAfterSeconds: problem.retryAfterSeconds ?? (status === 429 || status >= 500 ? 5 : undefined),
    body: { errorCode, trackingId, message: problem.message, timestampUtc: formatInstantTicks(at) },
  };
}

const refusals = {
  certificate: [401002, 'Invalid certificate.'],
  'token over mqtt': [401000, 'Unauthorized'],
  'token over amqp': [401002, 'Unauthorized'],
  'token over https': [401002, 'Unauthorized'],
} as const;

/** A refused credential: a peer that proved nothing learns nothing but that it was refused (6.5, 401002 and 401000). */
export function renderDpsRefusal(kind: keyof typeof refusals, trackingId: string, at: Instant): DpsError {
  const [errorCode, message] = refusals[kind];
  return {
    status: 401,
    retryAfterSeconds: undefined,
    body: { errorCode, trackingId, message, timestampUtc: formatInstantTicks(at) },
  };
}

const refusalReasons: Partial<Record<ProblemCode, RefusalReason>> = {
  malformed: 'message-malformed',
  'argument-invalid': 'message-malformed',
  'not-supported': 'message-malformed',
  'payload-too-large': 'message-too-large',
};

/** What to keep of a request that is turned down for what it says; undefined when the fault is not the device's. */
export function refusalOfProblem({ code, reason, message }: Problem): Refusal | undefined {
  const kept = reason === 'registration-id-malformed' ? reason : refusalReasons[code];
  return kept && refuse(kept, message).refusal;
}
