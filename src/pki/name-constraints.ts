import type { Certificate } from './certificate.ts';
import { emailName, type GeneralName, hostOf } from './general-name.ts';

/** More comparisons than this for one question are an attack: names and subtrees multiply, and paths with them. */
const comparisonsMax = 20_000;

/** Counted over all paths that are tried. */
export type NameBudget = { comparisons: number };

/**
 * What a name constraint on the way forbids of the certificates below it, or nothing (RFC 5280 4.2.1.10 and
 * 6.1.3 b, c). `path` begins with the leaf.
 */
export function nameConstraintFault(path: readonly Certificate[], budget: NameBudget = { comparisons: 0 }): string | undefined {
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
  if (!names.some(({ kind }) => kind === 'email')) names.push(...subjectEmails.map(emailName));
  return names;
}

type Constraints = NonNullable<Certificate['nameConstraints']>;

function faultOf(names: readonly GeneralName[], { permitted, excluded }: Constraints, budget: NameBudget): string | undefined {
  if ([...permitted, ...excluded].some(({ hasRange }) => hasRange)) return 'a constraint has a minimum or maximum';
  for (const name of names) {
    budget.comparisons += permitted.length + excluded.length;
    if (budget.comparisons > comparisonsMax) return 'there are too many names and constraints';
    const allowing = permitted.filter(({ base }) => isOfKind(base, name));
    const forbidding = excluded.filter(({ base }) => isOfKind(base, name));
    if (allowing.length + forbidding.length === 0) continue;
    if (!isComparable(name)) return `${print(name)} cannot be compared with what is constrained`;
    if (![...allowing, ...forbidding].every(({ base }) => isConstraint(base)))
      return `a constraint for ${name.kind} names is malformed`;
    if (allowing.length > 0 && !allowing.some(({ base }) => isWithin(name, base))) return `${print(name)} is not permitted`;
    if (forbidding.some(({ base }) => isWithin(name, base) || isAbove(name, base))) return `${print(name)} is excluded`;
  }
  return undefined;
}

function isOfKind(base: GeneralName, name: GeneralName): boolean {
  return base.kind === name.kind && (base.kind !== 'other' || name.kind !== 'other' || base.form === name.form);
}

/** Whether it can be said for sure what the name stands for. */
function isComparable(name: GeneralName): boolean {
  switch (name.kind) {
    case 'directory':
      return true;
    case 'dns':
    case 'email':
    case 'uri':
      return name.host !== undefined;
    case 'ip':
      return name.bytes.length === 4 || name.bytes.length === 16;
    case 'other':
      return false;
  }
}

/** Whether `base` is what RFC 5280 4.2.1.10 wants of a constraint of its kind. */
function isConstraint(base: GeneralName): boolean {
  switch (base.kind) {
    case 'directory':
      return true;
    case 'dns':
    case 'uri':
      return isHostConstraint(base.text);
    case 'email':
      return base.host !== undefined || (!base.text.includes('@') && isHostConstraint(base.text));
    case 'ip':
      return (base.bytes.length === 8 || base.bytes.length === 32) && isMask(maskOf(base.bytes));
    case 'other':
      return false;
  }
}

/** A host, or `.example.com` for those below it, or nothing for all. */
function isHostConstraint(text: string): boolean {
  return text === '' || hostOf(text.replace(/^\./, '')).host !== undefined;
}

function maskOf(bytes: Buffer): Buffer {
  return bytes.subarray(bytes.length / 2);
}

/** Ones, then noughts. */
function isMask(mask: Buffer): boolean {
  const bits = Array.from(mask, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

/** A name may be as long as its certificate. */
const printedMax = 100;

function print(name: GeneralName): string {
  if (name.kind === 'directory') return 'its name';
  return name.kind === 'other' ? `a name of the form ${name.form}` : `${name.kind} ${name.text.slice(0, printedMax)}`;
}

function isWithin(name: GeneralName, base: GeneralName): boolean {
  switch (name.kind) {
    case 'directory':
      return base.kind === 'directory' && base.rdns.every((rdn, index) => rdn === name.rdns[index]);
    case 'dns':
      return base.kind === 'dns' && isHostWithin(name, base.text, true);
    case 'email':
      return base.kind === 'email' && isMailboxWithin(name, base);
    case 'uri':
      return base.kind === 'uri' && isHostWithin(name, base.text, false);
    case 'ip':
      return base.kind === 'ip' && isAddressWithin(name.bytes, base.bytes);
    case 'other':
      return false;
  }
}

/** A wildcard stands for hosts of which one may be below `base`, too. */
function isAbove(name: GeneralName, base: GeneralName): boolean {
  if (name.kind !== 'dns' || base.kind !== 'dns' || !name.text.startsWith('*.')) return false;
  return `.${base.text.toLowerCase().replace(/^\./, '')}`.endsWith(`.${name.host}`);
}

/** `.example.com`: hosts below it. Without the dot: that host, and for DNS names those below it as well. */
function isHostWithin({ text, host = '' }: { text: string; host?: string }, base: string, includesBelow: boolean): boolean {
  const domain = base.toLowerCase();
  // A wildcard stands for hosts below what follows it.
  const isBelow = (suffix: string) => (text.startsWith('*.') ? `.${host}` : host).endsWith(suffix);
  if (domain === '') return true;
  if (domain.startsWith('.')) return isBelow(domain);
  return (host === domain && !text.startsWith('*.')) || (includesBelow && isBelow(`.${domain}`));
}

function isMailboxWithin(
  { mailbox, host = '' }: { mailbox?: string; host?: string },
  base: { text: string; mailbox?: string; host?: string },
): boolean {
  // The local part belongs to its host, which may care about case.
  if (base.mailbox !== undefined) return mailbox === base.mailbox && host === base.host;
  return isHostWithin({ text: host, host }, base.text, false);
}

function isAddressWithin(address: Buffer, base: Buffer): boolean {
  if (base.length !== 2 * address.length) return false;
  const mask = maskOf(base);
  return address.every((byte, index) => ((byte ^ (base[index] ?? 0)) & (mask[index] ?? 0)) === 0);
}
