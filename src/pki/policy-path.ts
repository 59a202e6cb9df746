import type { Certificate } from './certificate.ts';
import { anyPolicy } from './oids.ts';

/** More nodes on one level are an attack: policies and mappings multiply (RFC 9618). */
const nodesMax = 500;

/** A policy that is valid at a level, and what the next certificate may call it. */
type Level = Map<string, ReadonlySet<string>>;

/**
 * Why the certificate policies on the way allow no use at all, or nothing (RFC 5280 6.1, as RFC 9618 shortened
 * it). No policy is asked for here: a path fails only where a CA on it says that one must hold, and none does.
 * `path` begins with the leaf; its last is the anchor, whose own policies do not count.
 */
export function policyFault(path: readonly Certificate[]): string | undefined {
  const below = path.slice(0, -1).toReversed();
  const count = below.length;
  let level: Level | undefined = new Map([[anyPolicy, new Set([anyPolicy])]]);
  let explicitIn = count + 1;
  let mappingIn = count + 1;
  let anyIn = count + 1;
  for (const [index, certificate] of below.entries()) {
    const isLast = index === count - 1;
    const mayUseAny = anyIn > 0 || (!isLast && certificate.isSelfIssued);
    level = level && nextLevel(level, certificate.policies, mayUseAny);
    if (explicitIn === 0 && !level) return `no policy of ${certificate.subject} is one that the CAs above it allow`;
    if (level && level.size > nodesMax) return 'there are too many policies';
    if (!isLast) {
      const mappings = certificate.policyMappings ?? [];
      if (mappings.flat().includes(anyPolicy)) return `${certificate.subject} maps the policy that stands for any`;
      if (level) level = mapPolicies(level, mappings, mappingIn > 0);
    }
    if (!isLast && !certificate.isSelfIssued) {
      explicitIn = Math.max(0, explicitIn - 1);
      mappingIn = Math.max(0, mappingIn - 1);
      anyIn = Math.max(0, anyIn - 1);
    }
    const { requireExplicitPolicy, inhibitPolicyMapping } = certificate.policyConstraints ?? {};
    if (isLast) {
      explicitIn = Math.max(0, explicitIn - 1);
      if (requireExplicitPolicy === 0) explicitIn = 0;
    } else {
      explicitIn = Math.min(explicitIn, requireExplicitPolicy ?? explicitIn);
      mappingIn = Math.min(mappingIn, inhibitPolicyMapping ?? mappingIn);
      anyIn = Math.min(anyIn, certificate.inhibitAnyPolicy ?? anyIn);
    }
  }
  return explicitIn === 0 && !level ? 'no policy holds for the whole path, and a CA on it asks for one' : undefined;
}

/** Undefined: no policy is valid any more. */
function nextLevel(level: Level, policies: readonly string[] | undefined, mayUseAny: boolean): Level | undefined {
  if (!policies) return undefined;
  const expected = new Set([...level.values()].flatMap((names) => [...names]));
  const next: Level = new Map();
  for (const policy of policies) {
    if (policy !== anyPolicy && (expected.has(policy) || level.has(anyPolicy))) next.set(policy, new Set([policy]));
  }
  if (policies.includes(anyPolicy) && mayUseAny) {
    for (const policy of expected) if (!next.has(policy)) next.set(policy, new Set([policy]));
  }
  return next.size > 0 ? next : undefined;
}

/** Undefined: nothing is left. */
function mapPolicies(
  level: Level,
  mappings: readonly (readonly [issuer: string, subject: string])[],
  isAllowed: boolean,
): Level | undefined {
  const mapped = new Map(level);
  for (const [issuer, subjects] of bySource(mappings)) {
    if (!isAllowed) mapped.delete(issuer);
    else if (level.has(issuer) || level.has(anyPolicy)) mapped.set(issuer, subjects);
  }
  return mapped.size > 0 ? mapped : undefined;
}

function bySource(mappings: readonly (readonly [issuer: string, subject: string])[]): Map<string, Set<string>> {
  const grouped = new Map<string, Set<string>>();
  for (const [issuer, subject] of mappings) {
    const subjects = grouped.get(issuer);
    if (subjects) subjects.add(subject);
    else grouped.set(issuer, new Set([subject]));
  }
  return grouped;
}
