import { type DerElement, unexpected } from './der-reader.ts';
import { canonicalRdns } from './names.ts';

/**
 * A name in an extension, in the forms that something can be said about (RFC 5280 4.2.1.6). `host` is in lower
 * case, and absent where it cannot be told for sure: whoever compares hosts must then say no.
 */
export type GeneralName =
  | { readonly kind: 'directory'; readonly rdns: readonly string[] }
  | { readonly kind: 'dns' | 'uri'; readonly text: string; readonly host?: string }
  /** `mailbox` is what stands before the last `@`. */
  | { readonly kind: 'email'; readonly text: string; readonly mailbox?: string; readonly host?: string }
  /** An address, or in a constraint an address and a mask. */
  | { readonly kind: 'ip'; readonly text: string; readonly bytes: Buffer }
  /** One of the forms that nobody here reads; `form` tells them apart. */
  | { readonly kind: 'other'; readonly form: string };

/** By their context tags. */
const otherForms: Readonly<Record<number, string>> = {
  160: 'otherName',
  163: 'x400Address',
  165: 'ediPartyName',
  136: 'registeredID',
};

export function readGeneralName({ tag, content }: DerElement): GeneralName {
  switch (tag) {
    case 0x81:
      return emailName(content.toString('latin1'));
    case 0x82: {
      const text = content.toString('latin1');
      return { kind: 'dns', text, ...hostOf(text.replace(/^\*\./, '')) };
    }
    case 0xa4:
      return { kind: 'directory', rdns: canonicalRdns(content) };
    case 0x86: {
      const text = content.toString('latin1');
      return {
        kind: 'uri',
        text,
        ...hostOf(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@\\\s]*@)?([^/?#:@]+)(?::\d*)?(?:[/?#]|$)/.exec(text)?.[1]),
      };
    }
    case 0x87:
      return { kind: 'ip', text: formatAddress(content), bytes: content };
    default: {
      const form = otherForms[tag];
      if (form === undefined) throw unexpected(`a name has the tag ${tag}`);
      return { kind: 'other', form };
    }
  }
}

export function emailName(text: string): GeneralName {
  const at = text.lastIndexOf('@');
  return { kind: 'email', text, ...(at > 0 && { mailbox: text.slice(0, at), ...hostOf(text.slice(at + 1)) }) };
}

/** Labels of letters, digits, `-` and `_`, the last of which is no number: an address is no host. */
const hostPattern = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/** As `host`, or nothing: no empty label, no dot at the end, nothing that two readers could take for different hosts. */
export function hostOf(text: string | undefined): { readonly host?: string } {
  const host = text?.toLowerCase() ?? '';
  return hostPattern.test(host) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(host) ? { host } : {};
}

function formatAddress(bytes: Buffer): string {
  return bytes.length === 4
    ? bytes.join('.')
    : (bytes
        .toString('hex')
        .match(/.{1,4}/g)
        ?.join(':') ?? '');
}

/** Whether two names are the same one; hosts and domains without regard to case. */
export function isSameGeneralName(a: GeneralName, b: GeneralName): boolean {
  if (a.kind === 'directory' || b.kind === 'directory') {
    if (a.kind !== 'directory' || b.kind !== 'directory') return false;
    return a.rdns.length === b.rdns.length && a.rdns.every((rdn, index) => rdn === b.rdns[index]);
  }
  if (a.kind === 'other' || b.kind === 'other' || a.kind !== b.kind) return false;
  return a.kind === 'dns' ? a.text.toLowerCase() === b.text.toLowerCase() : a.text === b.text;
}
