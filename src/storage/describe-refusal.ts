import { formatInstant, instant } from '#base/instant.ts';
import { type Json, parseJson } from '#base/json.ts';
import type { KeptLink, KeptNearMatch, KeptRefusal, RefusalEntry } from './refusal-log.ts';

export type DescribedLink = {
  role: string;
  subject: string;
  faults: { reason: string; detail: string }[];
  issuer?: string;
  sha1Thumbprint?: string;
  sha256Thumbprint?: string;
  notBefore?: string;
  notAfter?: string;
};

/** A refusal as people and programs read it. */
export type DescribedRefusal = {
  id: string;
  service: string;
  subject: string;
  peer: string;
  reason: string;
  means?: string;
  detail: string;
  trace: { check: string; passed: boolean; detail?: string }[];
  fix?: string;
  at?: string;
  clockMovedMs?: number;
  chain: DescribedLink[];
  nearest?: KeptNearMatch[];
  firstAt: string;
  lastAt: string;
  times: number;
};

/** `meaningOf` explains a reason, and says its fix where the refusal itself brought none. */
export function describeRefusal(
  row: KeptRefusal,
  meaningOf: (reason: string) => { means: string; fix: string } | undefined,
): DescribedRefusal {
  const meaning = meaningOf(row.reason);
  const fix = row.fix ?? meaning?.fix;
  const { clock_moved_ms: movedMs, evaluated_at: at } = row;
  return {
    id: row.short_id,
    service: row.service,
    subject: row.subject,
    peer: row.peer,
    reason: row.reason,
    ...(meaning && { means: meaning.means }),
    detail: row.detail,
    trace: stored<RefusalEntry['trace'][number]>(row.trace).map((step) => ({ ...step })),
    ...(fix !== undefined && { fix }),
    ...(at !== null && { at: formatInstant(instant(at)) }),
    ...(movedMs !== null && { clockMovedMs: movedMs }),
    chain: stored<KeptLink>(row.chain ?? '[]').map(describeLink),
    ...(row.nearest !== null && { nearest: stored<KeptNearMatch>(row.nearest) }),
    firstAt: formatInstant(instant(row.first_at)),
    lastAt: formatInstant(instant(row.last_at)),
    times: row.times,
  };
}

function describeLink({ role, subject, faults, certificate }: KeptLink): DescribedLink {
  const kept = { role, subject, faults: faults.map((fault) => ({ ...fault })) };
  if (!certificate) return kept;
  const { issuer, sha1Thumbprint, sha256Thumbprint, notBefore, notAfter } = certificate;
  return {
    ...kept,
    issuer,
    sha1Thumbprint,
    sha256Thumbprint,
    notBefore: formatInstant(instant(notBefore)),
    notAfter: formatInstant(instant(notAfter)),
  };
}

/** What the refusal log wrote, which nobody else writes. */
function stored<T>(text: string): T[] {
  const list: Json = parseJson(text);
  return Array.isArray(list) ? (list as unknown as T[]) : [];
}
