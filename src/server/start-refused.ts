/** The server does not start, for a reason that the operator can mend: what is wrong, why it matters and what to do. */
export class StartRefused extends Error {
  readonly why: string | undefined;
  readonly fix: string | undefined;

  constructor(what: string, options: { why?: string; fix?: string; cause?: unknown } = {}) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.why = options.why;
    this.fix = options.fix;
  }
}
