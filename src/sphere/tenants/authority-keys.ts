import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { exportPrivateKeyPem, importPrivateKeyPem, spkiSha256Of } from '#pki/key.ts';

/** Bits that let anybody but the owner in. */
const foreignModeBits = 0o077;

/**
 * The private keys of our CAs, each a file of its own with mode 0600: they can be moved to other
 * media apart from the database, and a copy of the database signs nothing.
 */
export class AuthorityKeys {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Stores `privateKey` durably and returns the file's name, which is made of the key itself. */
  async save(kind: string, publicKey: KeyObject, privateKey: KeyObject): Promise<string> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const name = `${kind}-${spkiSha256Of(publicKey).slice(0, 32)}.key`;
    const temporary = join(this.#directory, `${name}.new`);
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(exportPrivateKeyPem(privateKey));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, join(this.#directory, name));
    await this.#syncDirectory();
    return name;
  }

  /** Throws when the file is missing or others may read it. */
  async load(name: string): Promise<KeyObject> {
    const path = join(this.#directory, name);
    const { mode } = await stat(path);
    if ((mode & foreignModeBits) !== 0) throw new Error(`${path} may be read by others; run chmod 600 on it.`);
    return importPrivateKeyPem(await readFile(path)).privateKey;
  }

  async #syncDirectory(): Promise<void> {
    const directory = await open(this.#directory, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}
