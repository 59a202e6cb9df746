import { z } from 'zod';

/**
 * What an attached board answers on its Unix socket, as HTTP/1.1 without TLS. The first two are the
 * original's local device interface (sphere.md 1.7); the claim is Homeport's, since the board itself
 * must sign. Errors are `{error: {code, message}}`; a refused claim repeats the service's code and status.
 */
export const boardPaths = { securityState: '/device/security_state', status: '/status', claims: '/homeport/claims' } as const;

/** Sockets of attached boards: `<data>/devices/<name>` with this ending. */
export const boardSocketSuffix = '.sock';

export const securityStateSchema = z.object({
  securityState: z.enum(['TEST', 'BLANK', 'SECURE', 'EOL', 'UNKNOWN']),
  deviceIdentifier: z.string(),
});
export type SecurityState = z.infer<typeof securityStateSchema>;

/** POST `claims`: what the cloud API's claim code reply and the signed-in session hold. */
export const boardClaimRequestSchema = z.strictObject({
  /** Origin of the security service as the board reaches it. */
  serviceUrl: z.url(),
  tenantId: z.guid(),
  claimCode: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/),
});
export type BoardClaimRequest = z.infer<typeof boardClaimRequestSchema>;

/** 200; `changed` is false when the tenant owned the board already. */
export const boardClaimReplySchema = z.object({ deviceId: z.string(), tenantId: z.string(), changed: z.boolean() });
export type BoardClaimReply = z.infer<typeof boardClaimReplySchema>;

export const boardErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
