import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { formatInstant, type Instant, parseInstant } from '#base/instant.ts';
import { asProblem } from '#base/problem.ts';
import { parseCertificate } from '#pki/certificate.ts';
import { presentedMax } from '#pki/chain.ts';
import { parseCrl } from '#pki/crl.ts';
import { readEvidenceFile } from '#pki/evidence-file.ts';
import { verifyClient } from '#trust/verify-client.ts';
import type { Command, Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { jsonOption } from '../json-output.ts';

export const pkiVerifyCommand: Command = {
  options: [
    { name: 'leaf', value: 'FILE', isRequired: true, summary: 'The certificate in question; the first one of the file' },
    { name: 'trust', value: 'FILE', isRequired: true, isRepeatable: true, summary: 'Verified CAs: where a path may end' },
    {
      name: 'untrusted',
      value: 'FILE',
      isRepeatable: true,
      summary: `What the peer would send beside it; the first ${presentedMax} certificates count`,
    },
    {
      name: 'crl',
      value: 'FILE',
      isRepeatable: true,
      summary: 'Revocation lists; with any, every certificate below the CA must be covered by one',
    },
    { name: 'time', value: 'INSTANT', summary: 'When, such as 2026-06-01T00:00:00Z (default: now)' },
    { name: 'purpose', value: 'NAME', summary: 'client (default): a device’s rules; any: RFC 5280 alone' },
    { name: 'intermediates', value: 'N', summary: 'CAs between leaf and verified CA, at most (default 10; a hub allows 2)' },
    jsonOption,
  ],
  examples: [
    'homeport pki verify --trust tenant-ca.pem --leaf device.pem',
    'homeport pki verify --trust root.pem --untrusted intermediates.pem --leaf device.pem --time 2030-01-01T00:00:00Z',
    'homeport pki verify --trust root.pem --crl root.crl --leaf device.pem --json',
  ],
  notes: ['Files are PEM or DER, each with one certificate or list, or several. Exits 1 when the answer is no.'],
  async run(invocation) {
    const { options, terminal, platform } = invocation;
    const [leaf] = readFiles(invocation, [options.required('leaf')], 'certificate');
    const anchors = readFiles(invocation, options.list('trust'), 'certificate').map(({ path, der }) =>
      readOr(path, () => parseCertificate(der)),
    );
    const untrusted = readFiles(invocation, options.list('untrusted'), 'certificate');
    const crls = readFiles(invocation, options.list('crl'), 'list').map(({ path, der }) => readOr(path, () => parseCrl(der)));
    if (untrusted.length > presentedMax) {
      terminal.complain(
        `warning: ${untrusted.length} certificates beside the leaf; a peer’s first ${presentedMax} count, so the others do not.`,
      );
    }
    const verdict = verifyClient({
      certificates: [leaf, ...untrusted].flatMap((one) => (one ? [one.der] : [])),
      anchors,
      crls,
      revocation: crls.length > 0 ? 'all' : 'listed',
      at: readTime(invocation) ?? platform.clock.now(),
      purpose: readPurpose(invocation),
      intermediatesMax: options.number('intermediates', { min: 0, max: 100, isInteger: true }) ?? 10,
    });
    const trace = verdict.accepted ? verdict.trace : verdict.refusal.trace;
    const answer = verdict.accepted
      ? {
          ok: true,
          chain: verdict.value.map(({ subject, sha256Thumbprint, notAfter }) => ({
            subject,
            sha256: sha256Thumbprint,
            notAfter: formatInstant(notAfter),
          })),
          trace,
        }
      : { ok: false, reason: verdict.refusal.reason, detail: verdict.refusal.detail, chain: [], trace };
    if (options.isSet('json')) terminal.print(JSON.stringify(answer, undefined, 2));
    else if (verdict.accepted) {
      terminal.print('Valid. The path, leaf first:');
      for (const [depth, { subject, notAfter }] of verdict.value.entries()) {
        terminal.print(`  ${depth}  ${subject}  until ${formatInstant(notAfter)}`);
      }
    }
    if (verdict.accepted) return;
    const { reason, detail, fix } = verdict.refusal;
    const others = trace.filter((step) => !step.passed && step.detail !== detail).map((step) => `${step.check}: ${step.detail}`);
    throw new CommandFailure('failed', `Refused: ${reason}.`, {
      why: [detail, ...(options.isSet('json') ? [] : others)].join('\n  '),
      ...(fix && { fix }),
    });
  },
};

function readFiles(
  { terminal }: Invocation,
  paths: readonly string[],
  kind: 'certificate' | 'list',
): { path: string; der: Buffer }[] {
  return paths.flatMap((path) =>
    readOr(path, () => readEvidenceFile(readFileSync(resolve(terminal.workingDirectory, path)), kind)).map((der) => ({
      path,
      der,
    })),
  );
}

function readOr<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const problem = asProblem(error);
    const why = problem.code === 'internal' && error instanceof Error ? error.message : problem.message;
    throw new CommandFailure('failed', `${path} could not be read.`, { why, cause: error });
  }
}

function readTime({ options }: Invocation): Instant | undefined {
  const text = options.text('time');
  if (text === undefined) return undefined;
  const at = parseInstant(text);
  if (at !== undefined) return at;
  throw new CommandFailure('usage', `--time ${text} is no instant.`, { fix: 'Write it like 2026-06-01T00:00:00Z.' });
}

function readPurpose({ options }: Invocation): 'client' | 'any' {
  const purpose = options.text('purpose') ?? 'client';
  if (purpose === 'client' || purpose === 'any') return purpose;
  throw new CommandFailure('usage', `--purpose ${purpose} is not one.`, { fix: 'Choose client or any.' });
}
