import { CRLReason, CRLReasons, Extensions, RevokedCertificate, Time } from '@peculiar/asn1-x509';
import { dateOf, dayMs, type Instant, instant, minuteMs, plus } from '#base/instant.ts';
import { encode, TbsCertList, toArrayBuffer } from './certificate-schema.ts';
import { authorityKeyIdentifier, type Issuer, makeExtension, signStructure } from './issue.ts';
import { extensionOids } from './oids.ts';

/** Why a certificate is listed, RFC 5280 5.3.1. A hold is the only one that is ever taken back. */
export type CrlReason = 'certificateHold' | 'privilegeWithdrawn' | 'cACompromise';

export type CrlEntry = {
  /** Of the certificate, as its `serialHex` says it. */
  readonly serialHex: string;
  readonly at: Instant;
  readonly reason: CrlReason;
};

export type CrlRequest = {
  readonly issuer: Issuer;
  /** Higher than that of every list before. */
  readonly number: bigint;
  readonly entries: readonly CrlEntry[];
  readonly now: Instant;
};

/** A list is good for a week, so that whoever fetches it survives a few days without its issuer. */
export const crlLifeMs = 7 * dayMs;
/** Readers whose clocks are a little slow can use a list that was made this moment. */
const crlBackdatedMs = 5 * minuteMs;

/** Issues the complete list of what `issuer` has revoked, as DER; the issuer's name is copied as it stands in its certificate. */
export function issueCrl({ issuer, number, entries, now }: CrlRequest): Buffer {
  const tbs = new TbsCertList();
  tbs.issuer = toArrayBuffer(issuer.certificate.subjectDer);
  tbs.thisUpdate = timeOf(plus(now, -crlBackdatedMs));
  tbs.nextUpdate = timeOf(plus(now, crlLifeMs));
  if (entries.length > 0) tbs.revokedCertificates = entries.map(encodeEntry);
  tbs.extensions = new Extensions([
    makeExtension(extensionOids.authorityKeyIdentifier, encode(authorityKeyIdentifier(issuer.certificate))),
    makeExtension(extensionOids.crlNumber, encodeInteger(number)),
  ]);
  return signStructure(tbs, issuer.privateKey);
}

function encodeEntry({ serialHex, at, reason }: CrlEntry): RevokedCertificate {
  return new RevokedCertificate({
    userCertificate: toArrayBuffer(Buffer.from(serialHex, 'hex')),
    revocationDate: timeOf(at),
    crlEntryExtensions: [makeExtension(extensionOids.crlReason, encode(new CRLReason(CRLReasons[reason])))],
  });
}

/** Lists count whole seconds. */
function timeOf(at: Instant): Time {
  return new Time(dateOf(instant(at - (at % 1000))));
}

function encodeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  const positive = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, positive.length), positive]);
}
