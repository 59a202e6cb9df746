import { isUtf8 } from 'node:buffer';
import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from '@peculiar/asn1-x509';
import { Problem } from '#base/problem.ts';
import { encode } from './certificate-schema.ts';
import { requireDer } from './der.ts';
import { type DerElement, DerReader, decodeOid, derTags, enterDer } from './der-reader.ts';

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
  /** In the order of the encoding, for comparing: see canonicalRdn. */
  readonly rdns: readonly string[];
  /** E-mail addresses in the name, as old certificates carry them. */
  readonly emails: readonly string[];
};

/**
 * A name for reading: its text, most specific attribute first, and its common names as they are. The
 * text is never parsed back; decisions compare DER, `rdns` or `commonNames`. Throws Problem
 * `certificate-invalid` when a common name is not a string, since nothing could be compared with it.
 */
export function decodeName(der: Uint8Array): DecodedName {
  const sets = readName(der);
  const attributes = sets.flat();
  const values = (label: string) => attributes.filter((one) => one.label === label).map(({ value }) => value);
  return {
    text: sets
      .toReversed()
      .map((set) => set.map(({ label, value }) => `${label}=${escapeValue(value)}`).join(' + '))
      .join(', '),
    commonNames: values('CN'),
    attributeCount: attributes.length,
    rdns: sets.map(canonicalRdn),
    emails: values('E'),
  };
}

/**
 * A name in the order of its encoding and without RFC 4514's escapes, as thin-edge prints it
 * (thin-edge.md 3.3). For people alone: a comma in a value looks like the end of one.
 */
export function formatNameAsEncoded(der: Uint8Array): string {
  return readName(der)
    .map((set) => set.map(({ label, value }) => `${label === 'S' ? 'ST' : label}=${escapeControls(value)}`).join(' + '))
    .join(', ');
}

/** The parts of a name; see canonicalRdn. */
export function canonicalRdns(der: Buffer): string[] {
  return readName(der).map(canonicalRdn);
}

/** One part of a name from the content of its SET; see canonicalRdn. */
export function canonicalRdnOf(content: Buffer): string {
  return canonicalRdn(readSet(new DerReader(content)));
}

/** One text for a whole name, to look it up by. */
export function nameKey(rdns: readonly string[]): string {
  return rdns.join('\u0000');
}

/** `value` is for people, `canonical` for comparing. */
type Attribute = { readonly oid: string; readonly label: string; readonly value: string; readonly canonical: string };

/**
 * One part of a name in a form in which two that RFC 5280 7.1 calls the same are the same text: strings without
 * regard to their encoding, to case and to runs of blanks; everything else byte for byte.
 */
function canonicalRdn(rdn: readonly Attribute[]): string {
  return rdn
    .map(({ oid, canonical }) => `${oid}=${canonical}`)
    .sort()
    .join('\u0001');
}

function readName(der: Uint8Array): Attribute[][] {
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.length);
  requireDer(bytes);
  const sets: Attribute[][] = [];
  for (const name = enterDer(bytes, derTags.sequence); !name.isAtEnd; ) {
    sets.push(readSet(name.enter(derTags.set)));
  }
  return sets;
}

function readSet(members: DerReader): Attribute[] {
  const set: Attribute[] = [];
  while (!members.isAtEnd) {
    const member = members.enter(derTags.sequence);
    const oid = decodeOid(member.read(derTags.objectIdentifier).content);
    set.push(readAttribute(oid, member.read()));
    member.end();
  }
  return set;
}

function readAttribute(oid: string, { tag, content, whole }: DerElement): Attribute {
  const label = labelByOid[oid] ?? `OID.${oid}`;
  const value = decodeString(tag, content);
  if (value === undefined) {
    if (label === 'CN')
      throw new Problem('certificate-invalid', 'A common name is not a string.', { reason: 'certificate-malformed' });
    const hex = whole.toString('hex');
    return { oid, label, value: `#${hex}`, canonical: `x${hex}` };
  }
  // Teletex has a repertoire of its own that nobody converts.
  if (tag === derTags.teletexString) return { oid, label, value, canonical: `t${withoutSeparators(value)}` };
  const text = value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
  return { oid, label, value, canonical: `s${withoutSeparators(text)}` };
}

/** What joins parts of names in nameKey and canonicalRdn stands in none: else two names could have one key. */
function withoutSeparators(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\u0000', '\\0').replaceAll('\u0001', '\\1');
}

/** Undefined for what is no string. */
function decodeString(tag: number, content: Buffer): string | undefined {
  switch (tag) {
    case derTags.utf8String:
      return isUtf8(content) ? content.toString('utf8') : content.toString('latin1');
    case derTags.printableString:
    case derTags.ia5String:
    case derTags.teletexString:
      return content.toString('latin1');
    case derTags.bmpString:
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    case derTags.universalString:
      return decodeUniversal(content);
    default:
      return undefined;
  }
}

function decodeUniversal(content: Buffer): string | undefined {
  if (content.length % 4 !== 0) return undefined;
  const points = Array.from({ length: content.length / 4 }, (_, index) => content.readUInt32BE(4 * index));
  return points.every((point) => point <= 0x10ffff) ? String.fromCodePoint(...points) : undefined;
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
