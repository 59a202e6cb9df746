import type { AuditQuery } from '../../api/audit.ts';

/** What of the log is shown, as it stands in the address. */
export type AuditFilter = {
  service: string;
  hub: string;
  actor: string;
  target: string;
  /** One of `spans`, or `between`. */
  span: string;
  /** Of `between`: instants in UTC, for a colleague elsewhere reads the same address. */
  since: string;
  until: string;
  /** Entries before this one. */
  before: string;
};

const names = ['service', 'hub', 'actor', 'target', 'span', 'since', 'until', 'before'] as const;

const hourMs = 3_600_000;
export const spans: readonly { id: string; label: string; ms: number }[] = [
  { id: '1h', label: 'Last hour', ms: hourMs },
  { id: '24h', label: 'Last 24 hours', ms: 24 * hourMs },
  { id: '7d', label: 'Last 7 days', ms: 7 * 24 * hourMs },
  { id: '30d', label: 'Last 30 days', ms: 30 * 24 * hourMs },
];

export const between = 'between';

export function readAuditFilter(search: URLSearchParams): AuditFilter {
  const read = (name: (typeof names)[number]) => search.get(name) ?? '';
  return {
    service: read('service'),
    hub: read('hub'),
    actor: read('actor'),
    target: read('target'),
    span: read('span'),
    since: instantOf(read('since')),
    until: instantOf(read('until')),
    before: /^[1-9]\d{0,15}$/.test(read('before')) ? read('before') : '',
  };
}

/** What the server is asked for at `now`. */
export function auditQuery({ span, since, until, ...filter }: AuditFilter, now: number): AuditQuery {
  const past = spans.find(({ id }) => id === span);
  const given = Object.entries(filter).filter(([, value]) => value !== '');
  return {
    ...Object.fromEntries(given),
    ...(past && { since: new Date(now - past.ms).toISOString() }),
    ...(span === between && { since: since || undefined, until: until || undefined }),
  };
}

/** Why nothing can lie between the two, in words for the second field. */
export function spanProblem({ span, since, until }: AuditFilter): string | undefined {
  if (span !== between || since === '' || until === '' || since < until) return undefined;
  return 'Choose a time after the first.';
}

/** An instant for a field of local date and time, to the minute. */
export function localField(text: string): string {
  if (text === '') return '';
  const at = new Date(text);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** What such a field holds, as an instant; empty where it holds none. */
export function instantOf(text: string): string {
  const at = Date.parse(text);
  return Number.isNaN(at) ? '' : new Date(at).toISOString();
}
