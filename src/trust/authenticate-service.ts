import type { Instant } from '#base/instant.ts';
import { parseSasToken } from '#wire/azure/sas-token.ts';
import { type AccessPolicy, policyKeys, type ServiceRight } from './access-policy.ts';
import { mint, type ServiceCaller } from './caller.ts';
import { checkSasToken } from './check-sas-token.ts';
import { accept, refuse, type Verdict } from './verdict.ts';

export type ServiceAttempt = {
  /** The Authorization header, or the token that stands for it elsewhere. */
  readonly authorization: string | undefined;
  readonly policies: readonly AccessPolicy[];
  /** `{host}/{path}`, without a query. */
  readonly resource: string;
  readonly at: Instant;
};

/**
 * Decides which access policy a service acts under. What the policy allows is the caller's `rights`;
 * whether that is enough for the operation is for the operation to say.
 */
export function authenticateService({ authorization, policies, resource, at }: ServiceAttempt): Verdict<ServiceCaller> {
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
    mint<ServiceCaller>({
      kind: 'service',
      policyName: policy.name,
      rights: effectiveRights(policy.rights),
      expiresAt: checked.value.expiresAt,
    }),
    checked.trace,
  );
}

/** Whoever may write the registry may read it. */
function effectiveRights(rights: ReadonlySet<ServiceRight>): ReadonlySet<ServiceRight> {
  return rights.has('RegistryWrite') ? new Set([...rights, 'RegistryRead'] as const) : rights;
}
