import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Platform } from '#base/platform.ts';
import type { Database } from './database.ts';

const nonceBytes = 12;
const tagBytes = 16;

/**
 * Secrets that must be read back (policy keys, nonce keys): AES-256-GCM under the master key, the
 * name as associated data so that two rows cannot be exchanged. A copy of the database alone
 * reveals none of them.
 */
export class SecretStore {
  readonly #platform: Platform;
  readonly #database: Database;
  readonly #masterKey: Buffer;

  /** `masterKey` has 32 bytes. */
  constructor(platform: Platform, database: Database, masterKey: Buffer) {
    this.#platform = platform;
    this.#database = database;
    this.#masterKey = masterKey;
  }

  /** Throws when the row was sealed under another master key or altered. */
  async load(name: string): Promise<Buffer | undefined> {
    const row = await this.#database.selectFrom('secret').select('sealed').where('name', '=', name).executeTakeFirst();
    return row ? this.unseal(name, Buffer.from(row.sealed)) : undefined;
  }

  async save(name: string, secret: Buffer): Promise<void> {
    const sealed = this.seal(name, secret);
    await this.#database
      .insertInto('secret')
      .values({ name, sealed, created_at: this.#platform.clock.now() })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ sealed, created_at: this.#platform.clock.now() }))
      .execute();
  }

  async delete(name: string): Promise<void> {
    await this.#database.deleteFrom('secret').where('name', '=', name).execute();
  }

  /** What is stored under `name`, or what `make` returns, which is then stored; the first of two concurrent callers wins. */
  async loadOrCreate(name: string, make: () => Buffer): Promise<Buffer> {
    const known = await this.load(name);
    if (known) return known;
    await this.#database
      .insertInto('secret')
      .values({ name, sealed: this.seal(name, make()), created_at: this.#platform.clock.now() })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
    const stored = await this.load(name);
    if (!stored) throw new Error(`secret ${name} vanished`);
    return stored;
  }

  /** The secret under the master key, for a row that keeps it itself. */
  seal(name: string, secret: Buffer): Buffer {
    const nonce = this.#platform.random.bytes(nonceBytes);
    const cipher = createCipheriv('aes-256-gcm', this.#masterKey, nonce).setAAD(Buffer.from(name));
    const body = Buffer.concat([cipher.update(secret), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), body]);
  }

  /** Throws when it was sealed under another master key or name, or altered. */
  unseal(name: string, sealed: Buffer): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', this.#masterKey, sealed.subarray(0, nonceBytes))
      .setAAD(Buffer.from(name))
      .setAuthTag(sealed.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(nonceBytes + tagBytes)), decipher.final()]);
  }
}
