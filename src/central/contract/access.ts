import { z } from 'zod';
import { pageSchema } from './page.ts';

/** `GET /api/roles`. */
export const roleSchema = z.object({ id: z.string(), displayName: z.string() });
export type RoleBody = z.infer<typeof roleSchema>;
export const roleListSchema = pageSchema(roleSchema);

/** An API token; `token` stands in the answer of the PUT that made it and nowhere else. */
export const apiTokenSchema = z.object({
  id: z.string(),
  roles: z.array(z.object({ role: z.string() })),
  expiry: z.string(),
  token: z.string().optional(),
});
export type ApiTokenBody = z.infer<typeof apiTokenSchema>;
export const apiTokenListSchema = pageSchema(apiTokenSchema);

/** `PUT /api/apiTokens/{id}`. */
export const apiTokenPutSchema = z.strictObject({
  id: z.string().optional(),
  roles: z.array(z.strictObject({ role: z.string(), organization: z.string().optional() })).length(1),
  expiry: z.iso.datetime({ offset: true }).optional(),
});
export type ApiTokenPut = z.infer<typeof apiTokenPutSchema>;

/** `POST /api/ui/session`: the one-time code of a sign-in link. Answers 204 and the cookie. */
export const signInSchema = z.strictObject({ code: z.string().min(1).max(128) });
export type SignIn = z.infer<typeof signInSchema>;

/** `GET /api/ui/session`: who is signed in, and what the shell shows around every page. */
export const sessionSchema = z.object({
  displayName: z.string(),
  /** trust/permissions.ts; buttons without their permission are not offered. */
  permissions: z.array(z.string()),
  application: z.object({ id: z.string(), name: z.string() }),
  idScope: z.string(),
  hubHostName: z.string(),
  isDevelopment: z.boolean(),
});
export type SessionBody = z.infer<typeof sessionSchema>;
