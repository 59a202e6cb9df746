import { sign } from 'node:crypto';
import { dayMs, formatInstant, type Instant, plus } from '#base/instant.ts';
import type { Issuer } from '#pki/issue.ts';
import { testNow } from './certificates.ts';
import { tlv } from './der.ts';

export type OddEntry = { readonly serialHex: string; readonly at?: Instant; readonly extensions?: readonly Buffer[] };

export type OddList = {
  readonly issuer: Issuer;
  /** Another name than the issuer has. */
  readonly issuerDer?: Buffer;
  readonly entries?: readonly OddEntry[];
  readonly extensions?: readonly Buffer[];
  readonly thisUpdate?: Instant;
  /** null: it does not say. */
  readonly nextUpdate?: Instant | null;
  readonly hash?: 'sha1' | 'sha256';
  readonly version?: Buffer;
};

/** One extension, encoded. */
export function extensionOf(oid: string, value: Buffer, critical = false): Buffer {
  const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
  return tlv(
    0x30,
    tlv(0x06, Buffer.of(first * 40 + second, ...rest)),
    ...(critical ? [tlv(0x01, Buffer.of(0xff))] : []),
    tlv(0x04, value),
  );
}

export const listOids = {
  number: '2.5.29.20',
  reason: '2.5.29.21',
  delta: '2.5.29.27',
  scope: '2.5.29.28',
  entryIssuer: '2.5.29.29',
};

export function numberExtension(number: number, oid = listOids.number): Buffer {
  return extensionOf(oid, tlv(0x02, Buffer.of(number)), oid === listOids.delta);
}

export function timeOf(at: Instant): Buffer {
  return tlv(0x18, `${formatInstant(at).slice(0, 19).replace(/[-T:]/g, '')}Z`);
}

const algorithms = { sha1: '06072a8648ce3d0401', sha256: '06082a8648ce3d040302' };

/** Makes exactly the list asked for, sensible or not, signed by a P-256 key. */
export function makeList(request: OddList): Buffer {
  const {
    issuer,
    entries = [],
    extensions = [],
    hash = 'sha256',
    thisUpdate = plus(testNow, -dayMs),
    nextUpdate = plus(testNow, dayMs),
  } = request;
  const algorithm = tlv(0x30, Buffer.from(algorithms[hash], 'hex'));
  const tbs = tlv(
    0x30,
    request.version ?? tlv(0x02, Buffer.of(1)),
    algorithm,
    request.issuerDer ?? issuer.certificate.subjectDer,
    timeOf(thisUpdate),
    ...(nextUpdate === null ? [] : [timeOf(nextUpdate)]),
    ...(entries.length === 0 ? [] : [tlv(0x30, ...entries.map(encodeEntry))]),
    ...(extensions.length === 0 ? [] : [tlv(0xa0, tlv(0x30, ...extensions))]),
  );
  return tlv(0x30, tbs, algorithm, tlv(0x03, Buffer.of(0), sign(hash, tbs, issuer.privateKey)));
}

function encodeEntry({ serialHex, at = plus(testNow, -dayMs), extensions = [] }: OddEntry): Buffer {
  return tlv(
    0x30,
    tlv(0x02, Buffer.from(serialHex, 'hex')),
    timeOf(at),
    ...(extensions.length === 0 ? [] : [tlv(0x30, ...extensions)]),
  );
}
