import { z } from 'zod';

/** Every answer that is not 2xx. The header `x-ms-error-code` repeats `code` (central.md 4.1). */
export const errorResponseSchema = z.object({
  error: z.object({
    /** Stable, for programs: `NotFound`, `InvalidBody`, `ProofCodeMismatch`, … */
    code: z.string(),
    /** A sentence for people. */
    message: z.string(),
    requestId: z.string(),
    /** RFC 1123. */
    time: z.string(),
  }),
});
export type ErrorResponse = z.infer<typeof errorResponseSchema>;
