import { resolve } from 'node:path';
import type { OptionSpec } from '#cli/kit/command.ts';
import { CommandFailure } from '#cli/kit/failure.ts';
import { confirmOutputFile, writeOutputFile } from '#cli/kit/write-output-file.ts';
import type { CloudTenant } from '#sphere/contract/cloud.ts';
import { type AzsphereInvocation, tenantOption } from '../azsphere-command.ts';
import { requireTenant, type SignedIn, signedIn } from '../signed-in.ts';

/** Options of the three commands that write a certificate file. */
export const downloadOptions: readonly OptionSpec[] = [
  { name: 'destination', value: 'FILE', summary: 'The file to write' },
  { name: 'force', summary: 'Replace the file if it exists' },
  { name: 'index', value: 'N', summary: "The certificate's number in ca-certificate list" },
  { name: 'thumbprint', value: 'SHA1', summary: "The certificate's thumbprint" },
  tenantOption,
];

export const downloadNotes: readonly string[] = [
  'Accepted spellings: --destination FILE, --destination-file FILE, and the classic --output FILE.',
  'Without --index or --thumbprint the active certificate is meant.',
];

/**
 * Downloads one file. Everything that can be wrong with the file's name is found before anything is
 * asked of the service, and the file appears whole or not at all.
 */
export async function downloadFile(
  invocation: AzsphereInvocation,
  download: {
    extension: '.cer' | '.p7b';
    /** What it is, for people: `the CA certificate`. */
    what: string;
    fetch(account: SignedIn, tenant: CloudTenant, thumbprint: string | undefined): Promise<Buffer>;
  },
): Promise<void> {
  const { options, terminal, platform, voice, outputPath } = invocation;
  if (outputPath === undefined) {
    throw new CommandFailure('usage', 'No file is named.', { fix: `Add --destination FILE${download.extension}.` });
  }
  const path = resolve(terminal.workingDirectory, outputPath);
  if (!path.toLowerCase().endsWith(download.extension)) {
    throw new CommandFailure('usage', `${outputPath} does not end in ${download.extension}.`, {
      why: `${download.what[0]?.toUpperCase()}${download.what.slice(1)} is written to a ${download.extension} file.`,
    });
  }
  const index = options.number('index', { min: 1, max: 1000, isInteger: true });
  if (index !== undefined && options.isSet('thumbprint')) {
    throw new CommandFailure('usage', 'Both --index and --thumbprint are given.', {
      why: 'Either says which certificate is meant.',
    });
  }
  const isReplacing = await confirmOutputFile(path, terminal, { isForced: options.isSet('force') });
  const account = signedIn(invocation);
  const tenant = await requireTenant(invocation, account);
  const thumbprint = options.text('thumbprint') ?? (await thumbprintAt(index, account, tenant));
  const bytes = await download.fetch(account, tenant, thumbprint);
  writeOutputFile(path, bytes, { random: platform.random, isReplacing });
  voice.say(`Saved ${download.what} of tenant '${tenant.Name}' to '${path}'.`);
  voice.report({
    rows: [path],
    columns: [{ heading: 'Destination', read: (row) => row }],
    data: { destination: path, tenantId: tenant.Id },
  });
}

async function thumbprintAt(index: number | undefined, account: SignedIn, tenant: CloudTenant): Promise<string | undefined> {
  if (index === undefined) return undefined;
  const certificate = (await account.client.listCertificates(tenant.Id))[index - 1];
  if (certificate) return certificate.Thumbprint;
  throw new CommandFailure('notFound', `There is no certificate number ${index}.`, { fix: 'azsphere ca-certificate list' });
}
