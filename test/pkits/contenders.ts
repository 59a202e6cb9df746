import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { X509Certificate as NodeCertificate } from 'node:crypto';
import { X509Certificate as PeculiarCertificate, X509ChainBuilder } from '@peculiar/x509';
import { dateOf, formatInstant } from '#base/instant.ts';
import { homeportProgram } from '#cli/homeport/program.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { runProgram } from '#cli/kit/run-program.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { type Crl, parseCrl } from '#pki/crl.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { testTerminal } from '#test/support/test-terminal.ts';
import { verifyClient } from '#trust/verify-client.ts';
import { withCaseFiles } from './case-files.ts';
import { der, type PkitsCase, pkitsCertificates, pkitsLists, pkitsNow, trustAnchorName } from './cases.ts';

/** `valid`, or why not in the words of who was asked. */
export type Answer = string;
export type Contender = { readonly name: string; ask(one: PkitsCase): Promise<Answer> };

const certificate = (name: string) => der(pkitsCertificates, name);

type Pool = { readonly certificates: readonly Certificate[]; readonly lists: readonly Crl[] };

/** Everything in the suite that is no end entity and can be read. */
export function readPool(): Pool {
  const readable = <T>(read: () => T): T[] => {
    try {
      return [read()];
    } catch {
      return [];
    }
  };
  return {
    certificates: [...pkitsCertificates].flatMap(([name, bytes]) =>
      name.endsWith('EE') ? [] : readable(() => parseCertificate(bytes)),
    ),
    lists: [...pkitsLists.values()].flatMap((bytes) => readable(() => parseCrl(bytes))),
  };
}

/** Our own code, given what the case puts beside its end entity. */
export function askOurs(one: PkitsCase): Answer {
  const verdict = verifyClient({
    certificates: [one.endEntity, ...one.certificates].map(certificate),
    anchors: [parseCertificate(certificate(trustAnchorName))],
    crls: one.lists.map((name) => parseCrl(der(pkitsLists, name))),
    revocation: 'all',
    at: pkitsNow,
    purpose: 'any',
    intermediatesMax: 10,
  });
  return verdict.accepted ? 'valid' : verdict.refusal.reason;
}

/** `homeport pki verify`, as typed. */
export const ourCommand: Contender = {
  name: 'homeport pki verify',
  ask: (one) =>
    withCaseFiles(one, async ({ trust, leaf, untrusted, lists }) => {
      const words = ['pki', 'verify', '--purpose', 'any', '--json', '--time', formatInstant(pkitsNow)];
      const files = [...option('--trust', trust), ...option('--leaf', leaf), ...option('--untrusted', untrusted)];
      const terminal = testTerminal();
      try {
        await runProgram(homeportProgram('0'), [...words, ...files, ...option('--crl', lists)], {
          terminal,
          platform: testPlatform(),
        });
      } catch (error) {
        if (!(error instanceof CommandFailure)) throw error;
      }
      const answer: { ok: boolean; reason?: string } = JSON.parse(terminal.output.join('\n'));
      return answer.ok ? 'valid' : (answer.reason ?? '?');
    }),
};

/** With all it has for this suite. Not -x509_strict, which refuses 4.6.4 and mends nothing. */
export const openssl: Contender = {
  name: 'openssl verify',
  ask: (one) =>
    withCaseFiles(one, async ({ trust, leaf, untrusted, lists }) => {
      const flags = [
        '-crl_check_all',
        '-extended_crl',
        '-use_deltas',
        '-policy_check',
        '-policy',
        'anyPolicy',
        '-no-CApath',
        '-no-CAstore',
      ];
      const files = [...option('-CAfile', trust), ...option('-untrusted', untrusted), ...option('-CRLfile', lists)];
      const { status, output } = await runOpenssl(['verify', ...flags, '-attime', String(pkitsNow / 1_000), ...files, leaf]);
      return status === 0 ? 'valid' : (/^error \d+ at \d+ depth lookup: *(.*)$/m.exec(output)?.[1] ?? (output.trim() || '?'));
    }),
};

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

function runOpenssl(words: readonly string[]): Promise<{ status: number; output: string }> {
  return new Promise((resolve) => {
    execFile('openssl', words, (error, stdout, stderr) => resolve({ status: error ? 1 : 0, output: `${stderr}\n${stdout}` }));
  });
}

/** What can be written with node's X509Certificate: issuer by checkIssued, signature by verify, the dates, `ca`. */
export const nodeCertificates: Contender = {
  name: 'node:crypto X509Certificate',
  ask: async (one) => {
    const anchor = new NodeCertificate(certificate(trustAnchorName));
    const others = one.certificates.map((name) => new NodeCertificate(certificate(name)));
    const isCurrent = ({ validFrom, validTo }: NodeCertificate) =>
      Date.parse(validFrom) <= pkitsNow && pkitsNow <= Date.parse(validTo);
    const climb = (child: NodeCertificate, rest: readonly NodeCertificate[]): boolean =>
      isCurrent(child) &&
      [anchor, ...rest].some(
        (issuer) =>
          child.checkIssued(issuer) &&
          issuer.ca &&
          child.verify(issuer.publicKey) &&
          (issuer === anchor ||
            climb(
              issuer,
              rest.filter((other) => other !== issuer),
            )),
      );
    return answerOf(() => climb(new NodeCertificate(certificate(one.endEntity)), others));
  },
};

/** `@peculiar/x509`: its chain builder, and verify with a date for each certificate of the chain. */
export const peculiar: Contender = {
  name: '@peculiar/x509',
  ask: async (one) => {
    const read = (name: string) => new PeculiarCertificate(new Uint8Array(certificate(name)));
    const anchor = read(trustAnchorName);
    try {
      const builder = new X509ChainBuilder({ certificates: [anchor, ...one.certificates.map(read)] });
      const chain = await builder.build(read(one.endEntity));
      if (!chain.at(-1)?.equal(anchor)) return 'no chain to the anchor';
      for (const [index, child] of chain.entries()) {
        const publicKey = (chain[index + 1] ?? anchor).publicKey;
        if (!(await child.verify({ publicKey, date: dateOf(pkitsNow) }))) return 'verify says no';
      }
      return 'valid';
    } catch (error) {
      return String(error);
    }
  },
};

function answerOf(isValid: () => boolean): Answer {
  try {
    return isValid() ? 'valid' : 'no chain to the anchor';
  } catch (error) {
    return String(error);
  }
}
