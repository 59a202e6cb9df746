import type { Instant } from '#base/instant.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { type AccessPolicy, policyKeys } from './access-policy.ts';
import { mint, type ServiceCaller } from './caller.ts';
import { checkSasToken } from './check-sas-token.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

export type ServiceAttempt<Right extends string> = {
  /** The Authorization header, or the token that stands for it elsewhere. */
  readonly authorization: string | undefined;
  readonly policies: readonly AccessPolicy<Right>[];
  /** `{host}/{path}`, without a query. */
  readonly resource: string;
  readonly at: Instant;
};

/**
 * Decides which access policy a service acts under. What the policy allows is the caller's `rights`;
 * whether that is enough for the operation is for the operation to say.
 */
export function authenticateService<Right extends string>({
  authorization,
  policies,
  resource,
  at,
}: ServiceAttempt<Right>): Verdict<ServiceCaller<Right>> {
  if (authorization === undefined || authorization.trim() === '') {
    return refuse('token-missing', 'No shared access signature was sent.', {
      fix: 'Send it in the Authorization header; SDKs do so when they are given a connection string.',
    });
  }
  const token = parseSasToken(authorization);
  if (!token) return refuse('token-malformed', 'The Authorization header is no shared access signature with sr, sig and se.');
  const policy = policies.find(({ name }) => name === token.keyName);
  if (!policy) {
    const named =
      token.keyName === undefined ? 'The token names no access policy.' : `There is no access policy ${token.keyName}.`;
    return refuse('policy-unknown', named, { fix: `Sign with one of ${policies.map(({ name }) => name).join(', ')}.` });
  }
  const trace = [{ check: 'policy', passed: true, detail: policy.name }];
  const checked = checkSasToken({ token, keys: policyKeys(policy), resource, ignoresPathCase: false, at, trace });
  if (!checked.accepted) return checked;
  return accept(
    mint<ServiceCaller<Right>>({
      kind: 'service',
      policyName: policy.name,
      rights: effectiveRights(policy.rights),
      expiresAt: checked.value.expiresAt,
    }),
    checked.trace,
  );
}

/** Whoever may write something may read it: `RegistryWrite`, `EnrollmentWrite` and so on bring their `…Read`. */
function effectiveRights<Right extends string>(rights: ReadonlySet<Right>): ReadonlySet<Right> {
  const implied = [...rights].map((right) => right.replace(/Write$/, 'Read') as Right);
  return new Set([...rights, ...implied]);
}
