import { dayMs } from '#base/instant.ts';

/** CA certificates of one hub or provisioning instance; all of them are kept in memory for signing in. */
export const certificatesMax = 1_000;
/** Random bytes of a verification code: 48 characters of hex. */
export const codeBytes = 24;
export const codeLifeMs = 7 * dayMs;

/** Revocation lists of all CAs together; each has at most 1 MiB, and all of them are kept in memory. */
export const revocationListsMax = 200;

/** CAs whose lists are fetched. */
export const revocationSourcesMax = 100;
