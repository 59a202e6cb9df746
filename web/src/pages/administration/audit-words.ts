import type { AuditEntry } from '../../api/contract.ts';

export const auditServices: readonly { id: AuditEntry['service']; label: string }[] = [
  { id: 'hub', label: 'Hub' },
  { id: 'provisioning', label: 'Provisioning' },
  { id: 'central', label: 'Central' },
  { id: 'sphere', label: 'Security service' },
  { id: 'administration', label: 'Commands' },
];

/** Which service was asked, and of which hub. */
export function placeWords({ service, hub }: Pick<AuditEntry, 'service' | 'hub'>): string {
  const label = auditServices.find(({ id }) => id === service)?.label ?? service;
  return hub === null ? label : `${label}, ${hub}`;
}

const verbs: Readonly<Record<string, string>> = {
  // Changes something where it makes a token for whoever asks.
  GET: 'Called',
  PUT: 'Saved',
  PATCH: 'Changed',
  DELETE: 'Deleted',
  POST: 'Called',
  SEND: 'Sent to',
};

/** What was done, by the method it was asked with. */
export function verbOf({ action }: Pick<AuditEntry, 'action'>): string {
  const method = action.split(' ', 1)[0] ?? '';
  return verbs[method] ?? method;
}

const credentials: Readonly<Record<string, string>> = {
  policy: 'access policy',
  session: 'signed in',
  'api-token': 'API token',
  'sign-in link': 'sign-in link',
  device: 'device',
  registration: 'registration',
};

/** By what the actor was known. */
export function credentialWords({ credential }: Pick<AuditEntry, 'credential'>): string {
  return credentials[credential] ?? credential;
}
