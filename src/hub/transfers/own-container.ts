import { createHash } from 'node:crypto';
import { Problem } from '#base/problem.ts';
import type { FileStore } from '#storage/file-store.ts';
import { transferLimits } from './limits.ts';
import type { TransferFiles } from './transfer.ts';

/**
 * The container of this hub in our own file store, as the one place that a transfer may use. Whoever may write the
 * registry may have it written there; a signature in the URI is what storage accounts elsewhere ask for, and not needed.
 */
export function ownContainer(
  store: Pick<FileStore, 'read' | 'stage' | 'commit'>,
  where: { readonly containerName: string; hostName(): string },
): TransferFiles {
  const { containerName: container } = where;
  const check = (uri: string): void => {
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    const isOurs =
      url?.protocol === 'https:' && url.host === where.hostName() && url.pathname.replace(/\/$/, '') === `/${container}`;
    if (isOurs) return;
    throw new Problem('argument-invalid', `The container is https://${where.hostName()}/${container}, and no other.`, {
      reason: 'no-such-blob',
    });
  };
  return {
    check,
    async read(uri, name) {
      check(uri);
      const found = await store.read({ container, name });
      return found && { bytes: found.blob.bytes, pieces: found.pieces };
    },
    async write(uri, name, pieces) {
      check(uri);
      const address = { container, name };
      const ids: string[] = [];
      const stage = async (buffers: readonly Buffer[]): Promise<void> => {
        const body = Buffer.concat(buffers);
        // By place and content: a write that was cut off leaves blocks, which must not be taken for these.
        const digest = createHash('sha256').update(body).digest('hex').slice(0, 16);
        const id = Buffer.from(`${String(ids.length).padStart(8, '0')}-${digest}`).toString('base64');
        await store.stage(address, id, { bytes: body.length, chunks: once(body) });
        ids.push(id);
      };
      let waiting: Buffer[] = [];
      let bytes = 0;
      for await (const piece of pieces) {
        waiting.push(piece);
        bytes += piece.length;
        if (bytes < transferLimits.blockBytes) continue;
        await stage(waiting);
        waiting = [];
        bytes = 0;
      }
      if (bytes > 0) await stage(waiting);
      await store.commit(address, ids, { contentType: 'text/plain' });
    },
  };
}

/** For a hub that has no store. */
export const noContainer: TransferFiles = {
  check() {
    throw new Problem('not-supported', 'This hub has no store for imports and exports.');
  },
  read: async () => undefined,
  write: async () => noContainer.check(''),
};

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
}
