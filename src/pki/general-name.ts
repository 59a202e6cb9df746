import type { GeneralName as EncodedName } from '@peculiar/asn1-x509';
import { canonicalRdns } from './names.ts';

/** A name in an extension, in the forms that something can be said about (RFC 5280 4.2.1.6). */
export type GeneralName =
  | { readonly kind: 'directory'; readonly rdns: readonly string[] }
  | { readonly kind: 'email' | 'dns' | 'uri' | 'ip'; readonly text: string }
  /** One of the forms that nobody here reads; `form` tells them apart. */
  | { readonly kind: 'other'; readonly form: string };

/** `ip` is an address, or an address and the bits of its mask: `10.0.0.0/8`. */
export function readGeneralName(name: EncodedName): GeneralName {
  if (name.directoryName) return { kind: 'directory', rdns: canonicalRdns(name.directoryName) };
  if (name.rfc822Name !== undefined) return { kind: 'email', text: name.rfc822Name };
  if (name.dNSName !== undefined) return { kind: 'dns', text: name.dNSName };
  if (name.uniformResourceIdentifier !== undefined) return { kind: 'uri', text: name.uniformResourceIdentifier };
  if (name.iPAddress !== undefined) return { kind: 'ip', text: name.iPAddress };
  const forms = ['otherName', 'x400Address', 'ediPartyName', 'registeredID'] as const;
  return { kind: 'other', form: forms.find((form) => name[form] !== undefined) ?? 'unknown' };
}

/** Whether two names are the same one; hosts and domains without regard to case. */
export function isSameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directory' || b.kind === 'directory') {
    if (a.kind !== 'directory' || b.kind !== 'directory') return false;
    return a.rdns.length === b.rdns.length && a.rdns.every((rdn, index) => rdn === b.rdns[index]);
  }
  if (a.kind === 'other' || b.kind === 'other') return false;
  if (a.kind !== b.kind) return false;
  return a.kind === 'dns' ? a.text.toLowerCase() === b.text.toLowerCase() : a.text === b.text;
}
