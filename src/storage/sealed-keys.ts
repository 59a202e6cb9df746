import { inspect } from 'node:util';
import type { SecretStore } from './secret-store.ts';

export type KeySealer = Pick<SecretStore, 'seal' | 'unseal'>;

/**
 * A primary and a secondary key as a row keeps them: sealed. They are unsealed when somebody asks, so
 * that lists cost no decryption and nothing that is printed by accident holds a key.
 */
export class SealedKeys {
  readonly #sealer: KeySealer;
  readonly #name: string;
  /** What the row holds. */
  readonly sealed: Buffer;

  /** `name` is bound into the seal: a row's keys are no good in another row. */
  constructor(sealer: KeySealer, name: string, sealed: Uint8Array) {
    this.#sealer = sealer;
    this.#name = name;
    this.sealed = Buffer.from(sealed);
  }

  static seal(sealer: KeySealer, name: string, keys: { primaryKey: string; secondaryKey: string }): SealedKeys {
    const text = Buffer.from(`${keys.primaryKey}\n${keys.secondaryKey}`);
    return new SealedKeys(sealer, name, sealer.seal(name, text));
  }

  /** Throws when the row was sealed under another master key or altered. */
  reveal(): { primaryKey: string; secondaryKey: string } {
    const [primaryKey = '', secondaryKey = ''] = this.#sealer.unseal(this.#name, this.sealed).toString().split('\n');
    return { primaryKey, secondaryKey };
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
