import type { Problem, ProblemCode } from '#base/problem.ts';

export type BlobError = { readonly status: number; readonly name: string };

/** Every code in the words of Azure's blob service: leaving one out does not compile. */
const blobErrors = {
  malformed: { status: 400, name: 'InvalidInput' },
  'argument-invalid': { status: 400, name: 'InvalidInput' },
  unauthorized: { status: 403, name: 'AuthenticationFailed' },
  forbidden: { status: 403, name: 'AuthorizationPermissionMismatch' },
  'not-found': { status: 404, name: 'BlobNotFound' },
  'device-not-found': { status: 404, name: 'ResourceNotFound' },
  'enrollment-not-found': { status: 404, name: 'ResourceNotFound' },
  'registration-not-found': { status: 404, name: 'ResourceNotFound' },
  'certificate-not-found': { status: 404, name: 'ResourceNotFound' },
  'route-not-found': { status: 404, name: 'ResourceNotFound' },
  'method-not-allowed': { status: 405, name: 'UnsupportedHttpVerb' },
  'not-supported': { status: 501, name: 'NotImplemented' },
  'already-exists': { status: 409, name: 'BlobAlreadyExists' },
  conflict: { status: 409, name: 'BlockCountExceedsLimit' },
  'precondition-failed': { status: 412, name: 'ConditionNotMet' },
  'payload-too-large': { status: 413, name: 'RequestBodyTooLarge' },
  'unsupported-media-type': { status: 415, name: 'InvalidHeaderValue' },
  // Not 503, which clients try again and again: somebody has to make room first.
  'quota-exceeded': { status: 409, name: 'InsufficientAccountQuota' },
  throttled: { status: 503, name: 'ServerBusy' },
  'device-disabled': { status: 403, name: 'AuthenticationFailed' },
  'device-not-online': { status: 404, name: 'ResourceNotFound' },
  'device-timeout': { status: 500, name: 'OperationTimedOut' },
  'device-reply-invalid': { status: 500, name: 'InternalError' },
  'twin-invalid': { status: 400, name: 'InvalidInput' },
  'certificate-invalid': { status: 400, name: 'InvalidInput' },
  'proof-refused': { status: 400, name: 'InvalidInput' },
  'attestation-refused': { status: 403, name: 'AuthenticationFailed' },
  'storage-full': { status: 503, name: 'ServerBusy' },
  unavailable: { status: 503, name: 'ServerBusy' },
  internal: { status: 500, name: 'InternalError' },
} as const satisfies Record<ProblemCode, BlobError>;

/** Finer than the code. */
const byReason: ReadonlyMap<string, BlobError> = new Map(
  Object.entries({
    InvalidUri: 400,
    InvalidHeaderValue: 400,
    MissingRequiredHeader: 400,
    UnsupportedHeader: 400,
    InvalidQueryParameterValue: 400,
    InvalidBlockId: 400,
    InvalidBlockList: 400,
    InvalidXmlDocument: 400,
    Md5Mismatch: 400,
    MissingContentLengthHeader: 411,
    InvalidRange: 416,
  }).map(([name, status]) => [name, { status, name }]),
);

export function blobErrorOf(problem: Problem): BlobError {
  return byReason.get(problem.reason ?? '') ?? blobErrors[problem.code];
}

/** The body that goes with it. Nothing that a peer sent is in it, so nothing needs escaping. */
export function formatBlobError({ name }: BlobError, problem: Problem, trackingId: string): string {
  const message = `${problem.message.replace(/[<>&]/g, ' ')}\nRequestId:${trackingId}`;
  return `<?xml version="1.0" encoding="utf-8"?><Error><Code>${name}</Code><Message>${message}</Message></Error>`;
}
