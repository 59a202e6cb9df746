import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayMs, type Instant, plus } from '#base/instant.ts';
import { issueCertificate } from '#pki/issue.ts';
import { generateEcKey } from '#pki/key.ts';
import { purposeOids } from '#pki/oids.ts';
import { makeCa, makeLeaf, type TestCertificate, testNow } from '#test/support/certificates.ts';
import { seededRandom } from '#test/support/seeded-random.ts';
import { judgeServer } from './judge-server.ts';

const random = seededRandom('judge-server');
const day = (days: number) => plus(testNow, days * dayMs);
const long = { notBefore: day(-3_650), notAfter: day(3_650) };
const root = makeCa({ name: 'Root', ...long });
const line = makeCa({ name: 'Line', issuer: root, ...long });
const stranger = makeCa({ name: 'Root', ...long });
/** A root that was made while the device was away. */
const young = makeCa({ name: 'Young Root', notBefore: day(40), notAfter: day(4_000) });
/** The same key, for what the young one could not have signed yet. */
const youngBefore = makeCa({ name: 'Young Root', key: young, ...long });

/** A server's certificate that begins at `from` and lasts as long as the profile says. */
async function server(from: Instant, issuer: TestCertificate = line, names: readonly string[] = ['hub.example', '192.0.2.7']) {
  const { publicKey } = generateEcKey('P-256');
  return issueCertificate({ profile: 'server', subject: [['CN', 'hub.example']], publicKey, issuer, names, now: from, random });
}

const present = await server(day(0));
const lifeMs = present.notAfter - present.notBefore;
/** Ended a day before testNow. */
const old = await server(plus(day(-1), -lifeMs));
const client = makeLeaf({ name: 'hub.example', issuer: line, ...long, purposes: { oids: [purposeOids.clientAuth] } }).certificate;

type Row = {
  what: string;
  chain?: readonly Buffer[];
  roots?: readonly string[];
  host?: string;
  time: { kind: 'at' | 'since'; instant: Instant };
  refused?: RegExp;
};
const chainOf = (leaf: { der: Buffer }, ...above: TestCertificate[]) => [leaf.der, ...above.map(({ der }) => der)];
const since = (instant: Instant) => ({ kind: 'since' as const, instant });
const at = (instant: Instant) => ({ kind: 'at' as const, instant });

const rows: readonly Row[] = [
  { what: 'a chain that is good now', time: at(day(1)) },
  { what: 'an address', host: '192.0.2.7', time: at(day(1)) },
  { what: 'one that begins tomorrow, the time being known', time: at(day(-2)), refused: /begins at/ },
  { what: 'one that ended, the time being known', chain: chainOf(old, line), time: at(day(0)), refused: /ended at/ },
  { what: 'one that began since the last that is known', time: since(day(-400)) },
  {
    what: 'one that had ended before the last that is known',
    chain: chainOf(old, line),
    time: since(day(0)),
    refused: /ended at/,
  },
  { what: 'one that may have ended since: it cannot be told', chain: chainOf(old, line), time: since(day(-2)) },
  {
    what: 'a root younger than the last that is known',
    chain: chainOf(await server(day(41), young)),
    roots: [root.pem, young.pem],
    time: since(day(0)),
  },
  {
    what: 'an end before its own CA began',
    chain: chainOf(await server(plus(day(30), -lifeMs), youngBefore)),
    roots: [young.pem],
    time: since(day(0)),
    refused: /ended at/,
  },
  { what: 'a CA of the same name', roots: [stranger.pem], time: since(day(-400)), refused: /did not sign/ },
  { what: 'a CA that nobody trusts', roots: [young.pem], time: since(day(-400)), refused: /No verified CA/ },
  { what: 'no intermediate', chain: chainOf(present), time: at(day(1)), refused: /No verified CA/ },
  { what: 'another name', host: 'other.example', time: since(day(-400)), refused: /another name/ },
  {
    what: 'a name that stands in the subject alone',
    chain: chainOf(await server(day(0), line, ['x.example']), line),
    time: at(day(1)),
    refused: /another name/,
  },
  { what: 'a client’s certificate', chain: chainOf(client, line), time: at(day(1)), refused: /not one of a server/ },
  { what: 'nothing', chain: [], time: at(day(1)), refused: /no certificate/ },
  { what: 'noise', chain: [Buffer.from('noise')], time: at(day(1)), refused: /DER|X\.509|malformed/ },
  {
    what: 'a root that cannot be read beside the one that counts',
    roots: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', root.pem],
    time: at(day(1)),
  },
];

for (const { what, chain = chainOf(present, line), roots = [root.pem], host = 'hub.example', time, refused } of rows) {
  test(`a server that shows ${what} is ${refused ? 'refused' : 'let by'}`, () => {
    const judge = () => judgeServer({ host, chain, roots, time });
    if (refused) assert.throws(judge, (error: Error) => refused.test(error.message) || assert.fail(error.message));
    else judge();
  });
}
