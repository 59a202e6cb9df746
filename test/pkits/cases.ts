import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Instant, instant } from '#base/instant.ts';

/** One path of NIST's suite under its default inputs; README.md says where it is from. */
export type PkitsCase = {
  /** 4.1.1 and so on, as in the document. */
  readonly number: string;
  readonly section: string;
  /** `valid`, or the reason for which it must be refused. */
  readonly expected: string;
  readonly endEntity: string;
  /** What its case puts beside the end entity, by name. */
  readonly certificates: readonly string[];
  readonly lists: readonly string[];
};

export const sectionTitles: Readonly<Record<string, string>> = {
  '4.1': 'Signature verification',
  '4.2': 'Validity periods',
  '4.3': 'Name chaining',
  '4.4': 'Basic revocation',
  '4.5': 'Self-issued certificates',
  '4.6': 'Basic constraints',
  '4.7': 'Key usage',
  '4.8': 'Certificate policies',
  '4.9': 'Require explicit policy',
  '4.10': 'Policy mappings',
  '4.11': 'Inhibit policy mapping',
  '4.12': 'Inhibit anyPolicy',
  '4.13': 'Name constraints',
  '4.14': 'Distribution points',
  '4.15': 'Delta lists',
  '4.16': 'Private extensions',
};

/** The certificates are valid from 2010 to 2030, apart from those that are about dates. */
export const pkitsNow: Instant = instant(Date.UTC(2020, 0, 1));

export const trustAnchorName = 'TrustAnchorRootCertificate';

function linesOf(name: string): string[][] {
  return readFileSync(join(import.meta.dirname, name), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' '));
}

function readEvidence(name: string): ReadonlyMap<string, Buffer> {
  return new Map(linesOf(name).map(([key = '', base64 = '']) => [key, Buffer.from(base64, 'base64')]));
}

/** DER by name. */
export const pkitsCertificates = readEvidence('certificates.txt');
export const pkitsLists = readEvidence('lists.txt');

export function der(all: ReadonlyMap<string, Buffer>, name: string): Buffer {
  const found = all.get(name);
  if (!found) throw new Error(`the suite has no ${name}`);
  return found;
}

const names = (text: string) => (text === '-' ? [] : text.split(','));

export const pkitsCases: readonly PkitsCase[] = linesOf('cases.txt').map(
  ([number = '', expected = '', endEntity = '', certificates = '', lists = '']) => ({
    number,
    section: number.split('.').slice(0, 2).join('.'),
    expected,
    endEntity,
    certificates: names(certificates),
    lists: names(lists),
  }),
);
