import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dayMs, plus } from '#base/instant.ts';
import type { Platform } from '#base/platform.ts';
import type { ServerIdentity } from '#listeners/tls-options.ts';
import { type Certificate, parseCertificate } from '#pki/certificate.ts';
import { type Issuer, issueCertificate } from '#pki/issue.ts';
import { exportPrivateKeyPem, generateEcKey, generateRsaKey, importPrivateKeyPem, type KeyPair } from '#pki/key.ts';
import { parseCertificateFile, toPem } from '#pki/pem.ts';
import { loadOrCreateFile, writePrivateFile } from './key-file.ts';

/** A server certificate is made anew when less than this is left of it. */
const renewBeforeMs = 60 * dayMs;

export type ServerCertificates = {
  readonly identity: ServerIdentity;
  /** The file that clients are told to trust: the CA's certificate, PEM. */
  readonly caFile: string;
  /**
   * The identity for other names from now on, under the same keys and the same CA. It is not kept: the next start sees that
   * the names are others, and issues again.
   */
  issueFor(names: readonly string[]): Promise<ServerIdentity>;
};

/**
 * What the listeners present: a CA made at first run, and below it an RSA-2048 and a P-256
 * certificate for every configured name, `localhost`, the listen address and every hub that was
 * added. They are made anew when the names change or their end comes near; the CA, which clients trust, stays.
 */
export async function loadServerCertificates(
  platform: Platform,
  directory: string,
  names: readonly string[],
): Promise<ServerCertificates> {
  const folder = join(directory, 'ca');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Keys take long to make, and longest the first time.
  const [ca, rsa, ec] = await Promise.all([
    loadAuthority(platform, folder),
    loadKey(folder, 'server-rsa', () => generateRsaKey(2048)),
    loadKey(folder, 'server-ec', async () => generateEcKey('P-256')),
  ]);
  const identityOf = (certificates: readonly [string, string]): ServerIdentity => ({
    rsa: { certificate: certificates[0], key: rsa },
    ec: { certificate: certificates[1], key: ec },
    ca: toPem('CERTIFICATE', ca.certificate.der),
  });
  const issue = (key: string, wanted: readonly string[]) => issueServer(platform, ca, key, wanted);
  return {
    identity: identityOf([
      await loadServer(platform, folder, 'server-rsa', names, () => issue(rsa, names)),
      await loadServer(platform, folder, 'server-ec', names, () => issue(ec, names)),
    ]),
    caFile: join(folder, 'homeport-ca.pem'),
    issueFor: async (wanted) => identityOf(await Promise.all([issue(rsa, wanted), issue(ec, wanted)])),
  };
}

async function loadAuthority(platform: Platform, folder: string): Promise<Issuer> {
  const keyPem = await loadOrCreateFile(join(folder, 'homeport-ca.key'), async () =>
    Buffer.from(exportPrivateKeyPem((await generateRsaKey(3072)).privateKey)),
  );
  const { privateKey, publicKey } = importPrivateKeyPem(keyPem);
  const pem = await loadOrCreateFile(join(folder, 'homeport-ca.pem'), async () => {
    const certificate = await issueCertificate({
      profile: 'server-ca',
      subject: [
        ['O', 'Homeport'],
        // Told apart from other installations' CAs in a trust store that holds several.
        ['CN', `Homeport server CA ${platform.random.bytes(4).toString('hex')}`],
      ],
      publicKey,
      issuer: { selfSignedWith: privateKey },
      now: platform.clock.now(),
      random: platform.random,
    });
    return Buffer.from(toPem('CERTIFICATE', certificate.der));
  });
  return { certificate: parseCertificate(parseCertificateFile(pem)), privateKey };
}

async function loadKey(folder: string, name: string, makeKey: () => Promise<KeyPair>): Promise<string> {
  const make = async () => Buffer.from(exportPrivateKeyPem((await makeKey()).privateKey));
  return (await loadOrCreateFile(join(folder, `${name}.key`), make)).toString();
}

/** The certificate that is kept, while it is of these names and fresh; else what `issue` makes, which is kept. */
async function loadServer(
  platform: Platform,
  folder: string,
  name: string,
  names: readonly string[],
  issue: () => Promise<string>,
): Promise<string> {
  const path = join(folder, `${name}.pem`);
  const namesPath = join(folder, `${name}.names`);
  const present = await readFile(path).catch(() => undefined);
  const presentNames = await readFile(namesPath, 'utf8').catch(() => '');
  const wanted = names.join('\n');
  if (present && presentNames === wanted && isFresh(parseCertificate(parseCertificateFile(present)), platform)) {
    return present.toString();
  }
  const pem = await issue();
  await writePrivateFile(path, pem);
  await writePrivateFile(namesPath, wanted);
  return pem;
}

async function issueServer(platform: Platform, ca: Issuer, key: string, names: readonly string[]): Promise<string> {
  const certificate = await issueCertificate({
    profile: 'server',
    subject: [['CN', names[0] ?? 'localhost']],
    publicKey: importPrivateKeyPem(key).publicKey,
    issuer: ca,
    names,
    now: platform.clock.now(),
    random: platform.random,
  });
  return toPem('CERTIFICATE', certificate.der);
}

function isFresh(certificate: Certificate, platform: Platform): boolean {
  return certificate.notAfter > plus(platform.clock.now(), renewBeforeMs);
}
