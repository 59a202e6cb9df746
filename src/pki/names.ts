import { AsnConvert } from '@peculiar/asn1-schema';
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';
import { Problem } from '#base/problem.ts';
import { encode, toArrayBuffer } from './certificate-schema.ts';
import { plainOid } from './oids.ts';

export type NameAttribute = readonly [type: 'C' | 'ST' | 'L' | 'O' | 'OU' | 'CN', value: string];

const oidByType = { CN: '2.5.4.3', C: '2.5.4.6', L: '2.5.4.7', ST: '2.5.4.8', O: '2.5.4.10', OU: '2.5.4.11' } as const;

/** How attribute types are printed; the state is `S`, as the cloud's own texts write it (sphere.md 2.5). */
const labelByOid: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.4': 'SN',
  '2.5.4.5': 'SERIALNUMBER',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'S',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'E',
};

/**
 * The DER of a name whose attributes stand in certificate order: least specific first, unless a client's
 * own tools do otherwise. `utf8` for those that write nothing but UTF8String.
 */
export function encodeName(attributes: readonly NameAttribute[], strings: 'shortest' | 'utf8' = 'shortest'): Buffer {
  return encode(
    new Name(
      attributes.map(
        ([type, value]) =>
          new RelativeDistinguishedName([
            new AttributeTypeAndValue({ type: oidByType[type], value: attributeValue(value, strings) }),
          ]),
      ),
    ),
  );
}

/** PrintableString where the characters allow it, as the original's certificates have, else UTF8String. */
function attributeValue(value: string, strings: 'shortest' | 'utf8'): AttributeValue {
  return strings === 'shortest' && /^[A-Za-z0-9 '()+,\-./:=?]+$/.test(value)
    ? new AttributeValue({ printableString: value })
    : new AttributeValue({ utf8String: value });
}

export type DecodedName = {
  readonly text: string;
  readonly commonNames: string[];
  readonly attributeCount: number;
  /** In the order of the encoding, for comparing: see canonicalRdns. */
  readonly rdns: readonly string[];
  /** E-mail addresses in the name, as old certificates carry them. */
  readonly emails: readonly string[];
};

/**
 * A name for reading: its text, most specific attribute first, and its common names as they are. The
 * text is never parsed back; decisions compare DER or `commonNames`. Throws Problem
 * `certificate-invalid` when a common name is not a string, since nothing could be compared with it.
 */
export function decodeName(der: Uint8Array): DecodedName {
  const name = AsnConvert.parse(toArrayBuffer(der), Name);
  // Array.from, since the library's own arrays would make more of their kind.
  const attributes = Array.from(name, (set) => Array.from(set, decodeAttribute));
  return {
    rdns: canonicalRdns(name),
    emails: attributes
      .flat()
      .filter(({ label }) => label === 'E')
      .map(({ value }) => value),
    text: attributes
      .toReversed()
      .map((set) => set.map(({ label, value }) => `${label}=${escapeValue(value)}`).join(' + '))
      .join(', '),
    commonNames: attributes
      .flat()
      .filter(({ label }) => label === 'CN')
      .map(({ value }) => value),
    attributeCount: attributes.flat().length,
  };
}

/**
 * The parts of a name, each in a form in which two that RFC 5280 7.1 calls the same are the same text: strings
 * without regard to their encoding, to case and to runs of blanks; everything else byte for byte.
 */
export function canonicalRdns(name: Iterable<Iterable<AttributeTypeAndValue>>): string[] {
  return Array.from(name, canonicalRdn);
}

/** See canonicalRdns. */
export function canonicalRdn(rdn: Iterable<AttributeTypeAndValue>): string {
  return Array.from(rdn, ({ type, value }) => `${plainOid(type)}=${canonicalValue(value)}`)
    .sort()
    .join('\u0001');
}

/** One text for a whole name, to look it up by. */
export function nameKey(rdns: readonly string[]): string {
  return rdns.join('\u0000');
}

function canonicalValue(value: AttributeValue): string {
  const text = value.utf8String ?? value.printableString ?? value.ia5String ?? value.bmpString ?? value.universalString;
  if (text !== undefined) return `s${text.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ')}`;
  // Teletex has a repertoire of its own that nobody converts.
  if (value.teletexString !== undefined) return `t${value.teletexString}`;
  return `x${Buffer.from(value.anyValue ?? new ArrayBuffer(0)).toString('hex')}`;
}

/**
 * A name in the order of its encoding and without RFC 4514's escapes, as thin-edge prints it
 * (thin-edge.md 3.3). For people alone: a comma in a value looks like the end of one.
 */
export function formatNameAsEncoded(der: Uint8Array): string {
  return Array.from(AsnConvert.parse(toArrayBuffer(der), Name), (set) => Array.from(set, decodeAttribute))
    .map((set) => set.map(({ label, value }) => `${label === 'S' ? 'ST' : label}=${escapeControls(value)}`).join(' + '))
    .join(', ');
}

function decodeAttribute({ type, value }: AttributeTypeAndValue): { label: string; value: string } {
  const oid = plainOid(type);
  const label = labelByOid[oid] ?? `OID.${oid}`;
  const text =
    value.utf8String ??
    value.printableString ??
    value.ia5String ??
    value.bmpString ??
    value.teletexString ??
    value.universalString;
  if (text !== undefined) return { label, value: text };
  if (label === 'CN')
    throw new Problem('certificate-invalid', 'A common name is not a string.', { reason: 'certificate-malformed' });
  return { label, value: `#${Buffer.from(value.anyValue ?? new ArrayBuffer(0)).toString('hex')}` };
}

/** RFC 4514 escapes, and control characters as hex, so that no name can draw on a terminal or end a field early. */
function escapeValue(value: string): string {
  return escapeControls(value.replace(/[\\,+"<>;=]/g, (c) => `\\${c}`))
    .replace(/^[ #]/, (c) => `\\${c}`)
    .replace(/ $/, '\\ ');
}

function escapeControls(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    [...Buffer.from(c)].map((byte) => `\\${byte.toString(16).padStart(2, '0').toUpperCase()}`).join(''),
  );
}
