import { Problem } from '#base/problem.ts';

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export type DerElement = {
  readonly tag: number;
  /** With its header, and without. Views of what was read. */
  readonly whole: Buffer;
  readonly content: Buffer;
};

/**
 * Reads the elements of a structure one after the other. Only for bytes that requireDer has passed: lengths are
 * believed. The fixed skeleton of certificates and names is read with this, at a tenth of what the ASN.1 library
 * takes for it; extensions that few have are left to the library.
 */
export class DerReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(content: Buffer) {
    this.#bytes = content;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** The tag of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The next element. Throws Problem `certificate-invalid` when there is none, or one of another tag than `tag`. */
  read(tag?: number): DerElement {
    const bytes = this.#bytes;
    const start = this.#at;
    const found = bytes[start];
    if (found === undefined) throw unexpected('it ends early');
    if (tag !== undefined && found !== tag) throw unexpected(`an element has the tag ${found}, not ${tag}`);
    let length = bytes[start + 1] ?? 0;
    let contentStart = start + 2;
    if (length >= 0x80) {
      const size = length & 0x7f;
      length = bytes.readUIntBE(contentStart, size);
      contentStart += size;
    }
    this.#at = contentStart + length;
    return { tag: found, whole: bytes.subarray(start, this.#at), content: bytes.subarray(contentStart, this.#at) };
  }

  /** The next element if it has the tag. */
  readIf(tag: number): DerElement | undefined {
    return this.nextTag === tag ? this.read(tag) : undefined;
  }

  /** A reader of what is inside the next element. */
  enter(tag: number): DerReader {
    return new DerReader(this.read(tag).content);
  }

  /** What is left, as it is. */
  readRest(): Buffer {
    const rest = this.#bytes.subarray(this.#at);
    this.#at = this.#bytes.length;
    return rest;
  }

  /** Throws unless everything was read. */
  end(): void {
    if (!this.isAtEnd) throw unexpected('there is more in it than belongs there');
  }
}

/** A reader of what is inside the one element in `bytes`. */
export function enterDer(bytes: Buffer, tag: number): DerReader {
  return new DerReader(bytes).enter(tag);
}

/** An object identifier as dotted numbers, of any size. */
export function decodeOid(content: Uint8Array): string {
  const arcs: string[] = [];
  let arc = 0n;
  let small = 0;
  let isBig = false;
  for (const byte of content) {
    if (!isBig && small >= 2 ** 46) {
      isBig = true;
      arc = BigInt(small);
    }
    if (isBig) arc = arc * 128n + BigInt(byte & 0x7f);
    else small = small * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(isBig ? arc.toString() : String(small));
    arc = 0n;
    small = 0;
    isBig = false;
  }
  const [first = '0', ...rest] = arcs;
  // The first number holds two arcs: 40 times the first, which is at most 2, and the second.
  const joined = BigInt(first);
  const root = joined < 40n ? 0n : joined < 80n ? 1n : 2n;
  return [root, joined - root * 40n, ...rest].join('.');
}

export function unexpected(why: string): Problem {
  return new Problem('certificate-invalid', `The certificate is malformed: ${why}.`, { reason: 'certificate-malformed' });
}
