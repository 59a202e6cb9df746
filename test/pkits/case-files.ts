import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toPem } from '#pki/pem.ts';
import { der, type PkitsCase, pkitsCertificates, pkitsLists, trustAnchorName } from './cases.ts';

/** A case as files, for programs that read them. */
export type CaseFiles = {
  readonly folder: string;
  readonly trust: string;
  readonly leaf: string;
  /** Absent where the case has nothing to put in. */
  readonly untrusted?: string;
  readonly lists?: string;
};

/** Writes one case's certificates and lists as PEM, and has them gone when `use` is done. */
export async function withCaseFiles<T>(one: PkitsCase, use: (files: CaseFiles) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'pkits-'));
  const write = (file: string, label: 'CERTIFICATE' | 'X509 CRL', blocks: readonly Buffer[]) => {
    const path = join(folder, file);
    writeFileSync(path, blocks.map((block) => toPem(label, block)).join(''));
    return path;
  };
  const certificates = (names: readonly string[]) => names.map((name) => der(pkitsCertificates, name));
  try {
    return await use({
      folder,
      trust: write('trust.pem', 'CERTIFICATE', certificates([trustAnchorName])),
      leaf: write('leaf.pem', 'CERTIFICATE', certificates([one.endEntity])),
      ...(one.certificates.length > 0 && { untrusted: write('untrusted.pem', 'CERTIFICATE', certificates(one.certificates)) }),
      ...(one.lists.length > 0 && {
        lists: write(
          'lists.pem',
          'X509 CRL',
          one.lists.map((name) => der(pkitsLists, name)),
        ),
      }),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
