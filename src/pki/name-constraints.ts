import type { Certificate } from './certificate.ts';
import type { GeneralName } from './general-name.ts';
import type { Subtree } from './path-extensions.ts';

/** More comparisons than this within one path are an attack (names and subtrees multiply). */
const comparisonsMax = 20_000;

/**
 * What a name constraint on the way forbids of the certificates below it, or nothing (RFC 5280 4.2.1.10 and
 * 6.1.3 b, c). `path` begins with the leaf.
 */
export function nameConstraintFault(path: readonly Certificate[]): string | undefined {
  const budget = { comparisons: 0 };
  for (const [index, issuer] of path.entries()) {
    if (!issuer.nameConstraints) continue;
    for (const [below, certificate] of path.slice(0, index).entries()) {
      // Self-issued ones belong to the CA itself, unless one is what was asked about.
      if (certificate.isSelfIssued && below > 0) continue;
      const fault = faultOf(namesOf(certificate), issuer.nameConstraints, budget);
      if (fault) return `${issuer.subject} does not allow ${certificate.subject}: ${fault}`;
    }
  }
  return undefined;
}

/** Everything the certificate calls its subject. */
function namesOf({ subjectRdns, subjectAltNames = [], subjectEmails }: Certificate): GeneralName[] {
  const names: GeneralName[] = [...subjectAltNames];
  if (subjectRdns.length > 0) names.push({ kind: 'directory', rdns: subjectRdns });
  if (!names.some(({ kind }) => kind === 'email')) for (const text of subjectEmails) names.push({ kind: 'email', text });
  return names;
}

type Constraints = NonNullable<Certificate['nameConstraints']>;

function faultOf(
  names: readonly GeneralName[],
  { permitted, excluded }: Constraints,
  budget: { comparisons: number },
): string | undefined {
  if ([...permitted, ...excluded].some(({ hasRange }) => hasRange)) return 'a constraint has a minimum or maximum';
  for (const name of names) {
    budget.comparisons += permitted.length + excluded.length;
    if (budget.comparisons > comparisonsMax) return 'there are too many names and constraints';
    const isOfKind = ({ base }: Subtree) => base.kind === name.kind && (base.kind !== 'other' || isSameForm(base, name));
    const allowing = permitted.filter(isOfKind);
    const forbidding = excluded.filter(isOfKind);
    if (name.kind === 'other' && allowing.length + forbidding.length > 0) return `names of the form ${name.form} are constrained`;
    if (allowing.length > 0 && !allowing.some(({ base }) => isWithin(name, base))) return `${print(name)} is not permitted`;
    if (forbidding.some(({ base }) => isWithin(name, base))) return `${print(name)} is excluded`;
  }
  return undefined;
}

function isSameForm(a: GeneralName, b: GeneralName): boolean {
  return a.kind === 'other' && b.kind === 'other' && a.form === b.form;
}

function print(name: GeneralName): string {
  return name.kind === 'directory' ? 'its name' : name.kind === 'other' ? name.form : `${name.kind} ${name.text}`;
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  if (name.kind === 'directory') return base.kind === 'directory' && base.rdns.every((rdn, index) => rdn === name.rdns[index]);
  if (name.kind === 'other' || base.kind === 'directory' || base.kind === 'other') return false;
  switch (name.kind) {
    case 'dns':
      return isHostWithin(name.text, base.text, true);
    case 'email':
      return isMailboxWithin(name.text, base.text);
    case 'uri':
      return isUriWithin(name.text, base.text);
    case 'ip':
      return isAddressWithin(name.text, base.text);
  }
}

/** `.example.com`: hosts below it. Without the dot: that host, and for DNS names those below it as well. */
function isHostWithin(host: string, base: string, includesBelow: boolean): boolean {
  const [name, domain] = [host.toLowerCase(), base.toLowerCase()];
  if (domain === '') return true;
  if (domain.startsWith('.')) return name.length > domain.length && name.endsWith(domain);
  return name === domain || (includesBelow && name.endsWith(`.${domain}`));
}

function isMailboxWithin(mailbox: string, base: string): boolean {
  const at = mailbox.lastIndexOf('@');
  if (!base.includes('@')) return isHostWithin(mailbox.slice(at + 1), base, false);
  const baseAt = base.lastIndexOf('@');
  // The local part belongs to its host, which may care about case.
  return mailbox.slice(0, at) === base.slice(0, baseAt) && isHostWithin(mailbox.slice(at + 1), base.slice(baseAt + 1), false);
}

/** A URI whose host cannot be told is within none: it is refused where any is permitted. */
function isUriWithin(uri: string, base: string): boolean {
  const host = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:[\]]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1];
  return host !== undefined && !/^[\d.]+$/.test(host) && isHostWithin(host, base, false);
}

function isAddressWithin(address: string, base: string): boolean {
  const [network = '', bits = ''] = base.split('/');
  const [a, b] = [addressBits(address), addressBits(network)];
  return a !== undefined && b !== undefined && a.length === b.length && a.startsWith(b.slice(0, Number(bits)));
}

/** The bits of an address as text. */
function addressBits(address: string): string | undefined {
  if (/^\d+(\.\d+){3}$/.test(address)) {
    return address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
  }
  const [left = '', right] = address.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const missing = 8 - head.length - tail.length;
  if (!address.includes(':') || missing < 0 || (right === undefined && missing > 0)) return undefined;
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail];
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}
