import { X509Certificate } from 'node:crypto';
import { Problem } from '#base/problem.ts';
import { importPrivateKeyPem } from '#pki/key.ts';
import type { ClientIdentity } from './connection.ts';

/** At which of the two connections the owner's own certificate stands in for the daily one (sphere.md 5). */
export const overrideHooks = ['dps', 'hub', 'both'] as const;
export type OverrideHook = (typeof overrideHooks)[number];

/** An owner's own chain and key, and the common name of its leaf: the id it registers under. */
export type CustomCertificate = ClientIdentity & { readonly name: string; readonly overrides: OverrideHook };

/** Throws Problem `argument-invalid` when the first certificate and the key do not belong together, or it has no common name. */
export function readCustomCertificate(certificatePem: string, privateKeyPem: string, overrides: OverrideHook): CustomCertificate {
  let leaf: X509Certificate;
  let isPair: boolean;
  try {
    leaf = new X509Certificate(certificatePem);
    isPair = leaf.checkPrivateKey(importPrivateKeyPem(privateKeyPem).privateKey);
  } catch (cause) {
    throw new Problem('argument-invalid', 'The custom certificate or its key cannot be read as PEM.', { cause });
  }
  if (!isPair) throw new Problem('argument-invalid', 'The custom key is not that of the first certificate.');
  const names = leaf.subject.split('\n').flatMap((line) => (line.startsWith('CN=') ? [line.slice(3)] : []));
  const [name] = names;
  if (name === undefined || names.length > 1) {
    throw new Problem('argument-invalid', 'The custom certificate needs exactly one common name.');
  }
  return { certificatePem, privateKeyPem, name, overrides };
}
