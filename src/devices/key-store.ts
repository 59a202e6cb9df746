import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import { deviceIdOf, exportPrivateKeyPem, generateEcKey, importPrivateKeyPem, type KeyPair } from '#pki/key.ts';

export type Identity = KeyPair & { readonly deviceId: string };

/** What a board remembers of its owner and of its own starts. */
export type BoardState = {
  /** Undefined until claimed. */
  readonly tenantId: string | undefined;
  readonly claimEpoch: number;
  readonly bootCount: number;
};

/** The last daily certificate and its key, so that a restart without the service still has one (sphere.md 3.9). */
export type StoredLeaf = {
  readonly leafDer: Buffer;
  readonly chainDer: Buffer;
  readonly privateKeyPem: string;
};

/**
 * A simulated board's flash memory: a directory of mode 0700 with files of mode 0600. This is
 * assurance level A0: whoever can read the directory is the device.
 */
export class KeyStore {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    chmodSync(directory, 0o700);
  }

  /** The identity key, made at the first start: its public half is the device id for ever. */
  loadIdentity(): Identity {
    const stored = this.#read('identity.pem');
    const pair = stored ? importPrivateKeyPem(stored) : generateEcKey('P-256');
    if (!stored) this.#write('identity.pem', exportPrivateKeyPem(pair.privateKey));
    return { ...pair, deviceId: deviceIdOf(pair.publicKey) };
  }

  loadState(): BoardState {
    const stored = this.#readObject('board.json');
    const { tenantId, claimEpoch, bootCount } = stored ?? {};
    return {
      tenantId: typeof tenantId === 'string' ? tenantId : undefined,
      claimEpoch: typeof claimEpoch === 'number' ? claimEpoch : 0,
      bootCount: typeof bootCount === 'number' ? bootCount : 0,
    };
  }

  saveState(state: BoardState): void {
    this.#write('board.json', JSON.stringify(state));
  }

  /** Counts a start. Stored before the number is used, so that it never runs backwards. */
  boot(): BoardState {
    const before = this.loadState();
    const state = { ...before, bootCount: before.bootCount + 1 };
    this.saveState(state);
    return state;
  }

  loadLeaf(): StoredLeaf | undefined {
    const stored = this.#readObject('daily-certificate.json');
    const { leaf, chain, privateKey } = stored ?? {};
    if (typeof leaf !== 'string' || typeof chain !== 'string' || typeof privateKey !== 'string') return undefined;
    return { leafDer: Buffer.from(leaf, 'base64'), chainDer: Buffer.from(chain, 'base64'), privateKeyPem: privateKey };
  }

  saveLeaf(leaf: StoredLeaf): void {
    this.#write(
      'daily-certificate.json',
      JSON.stringify({
        leaf: leaf.leafDer.toString('base64'),
        chain: leaf.chainDer.toString('base64'),
        privateKey: leaf.privateKeyPem,
      }),
    );
  }

  #read(name: string): Buffer | undefined {
    try {
      return readFileSync(join(this.#directory, name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** A damaged file counts as none: the board then asks for what it lost. */
  #readObject(name: string): JsonObject | undefined {
    const bytes = this.#read(name);
    if (!bytes) return undefined;
    try {
      const value = parseJson(bytes);
      return isJsonObject(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  #write(name: string, content: string): void {
    const path = join(this.#directory, name);
    writeFileSync(`${path}.new`, content, { mode: 0o600, flush: true });
    renameSync(`${path}.new`, path);
  }
}
