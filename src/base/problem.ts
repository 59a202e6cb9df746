/**
 * The closed list of what can go wrong for a caller. Each surface renders every code in its own
 * words (surface/errors.ts); leaving one out there does not compile.
 */
export const problemCodes = {
  malformed: { retry: 'never', meaning: 'The request could not be parsed.' },
  'argument-invalid': { retry: 'never', meaning: 'A value is outside what is allowed.' },
  unauthorized: { retry: 'never', meaning: 'The credentials were missing or refused.' },
  forbidden: { retry: 'never', meaning: 'The caller may not do this.' },
  'not-found': { retry: 'never', meaning: 'There is no such resource.' },
  'device-not-found': { retry: 'never', meaning: 'There is no such device.' },
  'enrollment-not-found': { retry: 'never', meaning: 'There is no such enrollment.' },
  'registration-not-found': { retry: 'never', meaning: 'There is no such registration or operation.' },
  'certificate-not-found': { retry: 'never', meaning: 'There is no such certificate.' },
  'route-not-found': { retry: 'never', meaning: 'There is no such path.' },
  'method-not-allowed': { retry: 'never', meaning: 'The path exists, the verb does not.' },
  'not-supported': { retry: 'never', meaning: 'This build does not implement the request.' },
  'already-exists': { retry: 'never', meaning: 'A resource of this name exists.' },
  conflict: { retry: 'never', meaning: 'The request contradicts the present state.' },
  'precondition-failed': { retry: 'after-refresh', meaning: 'The resource changed since it was read.' },
  'payload-too-large': { retry: 'never', meaning: 'The request is larger than the limit.' },
  'unsupported-media-type': { retry: 'never', meaning: 'The content type is not accepted.' },
  'quota-exceeded': { retry: 'later', meaning: 'A quota is used up.' },
  throttled: { retry: 'later', meaning: 'Too many requests.' },
  'device-disabled': { retry: 'never', meaning: 'The device is disabled.' },
  'device-not-online': { retry: 'later', meaning: 'The device is not connected.' },
  'device-timeout': { retry: 'later', meaning: 'The device did not answer in time.' },
  'device-reply-invalid': { retry: 'never', meaning: 'The device answered with something that is not valid.' },
  'twin-invalid': { retry: 'never', meaning: 'The twin change breaks a rule for names, values, size or depth.' },
  'certificate-invalid': { retry: 'never', meaning: 'The certificate breaks a rule.' },
  'proof-refused': { retry: 'never', meaning: 'The proof of possession did not hold.' },
  'attestation-refused': { retry: 'never', meaning: 'The device did not pass attestation.' },
  'storage-full': { retry: 'later', meaning: 'The disk is full; nothing was accepted and nothing was lost.' },
  unavailable: { retry: 'later', meaning: 'The service cannot do this at present.' },
  internal: { retry: 'later', meaning: 'A fault of ours; the tracking id finds it in the log.' },
} as const satisfies Record<string, { retry: 'never' | 'later' | 'after-refresh'; meaning: string }>;

export type ProblemCode = keyof typeof problemCodes;

export type ProblemOptions = {
  /** For the log only; never rendered. */
  cause?: unknown;
  /** A finer name for dialects that have one, for instance `ProofCodeMismatch` or `csr-invalid`. */
  reason?: string;
  /** Seconds after which a retry makes sense. */
  retryAfterSeconds?: number;
};

/** What every use case throws when it cannot do what was asked. `message` is written for the caller and holds no secrets. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly reason: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.code = code;
    this.reason = options.reason;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** What PostgreSQL says of text with a NUL, which it does not keep. Where one comes that far, its sender is told so. */
const nulInText = '22021';

/** `error` when it is a Problem already, otherwise an `internal` one that keeps it as cause. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Error && 'code' in error && error.code === nulInText) {
    return new Problem('argument-invalid', 'A text holds a NUL character, which cannot be kept.', { cause: error });
  }
  return new Problem('internal', 'Something went wrong on our side.', { cause: error });
}
