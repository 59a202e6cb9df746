import { setImmediate as turn } from 'node:timers/promises';
import type { Platform } from '#base/platform.ts';
import { Problem } from '#base/problem.ts';
import { registryLimits } from '../registry/limits.ts';
import { transferLimits } from './limits.ts';
import { readLines } from './read-lines.ts';
import type { LineFailure, Transfer, TransferFiles, TransferLines, TransferRequest } from './transfer.ts';
import type { TransferStore } from './transfer-store.ts';

export type TransferRooms = {
  readonly platform: Platform;
  readonly store: TransferStore;
  readonly files: TransferFiles;
  readonly lines: TransferLines;
  countDevices(): Promise<number>;
};

/** Ends a transfer from outside: it was cancelled, or the hub stops. */
export class TransferStopped extends Error {}

/** Beside what the export would be. */
function errorLogOf({ outputBlobName }: TransferRequest): string {
  return `${outputBlobName.slice(0, outputBlobName.lastIndexOf('/') + 1)}importErrors.log`;
}

/** Writes the registry to a blob, and the configurations to another where that was asked for. A restart begins anew. */
export async function exportRegistry(rooms: TransferRooms, { jobId, request }: Transfer, signal: AbortSignal): Promise<void> {
  const { store, files, lines, countDevices } = rooms;
  const total = Math.max(1, await countDevices());
  async function* devices(): AsyncGenerator<Buffer> {
    let done = 0;
    for (let after: string | undefined = ''; after !== undefined; ) {
      if (signal.aborted) throw new TransferStopped();
      const page: Awaited<ReturnType<TransferLines['exportDevices']>> = await lines.exportDevices(after, request.isWithoutKeys);
      if (page.lines.length > 0) yield Buffer.from(`${page.lines.join('\n')}\n`);
      done += page.count;
      after = page.through;
      await store.update(jobId, { progress: Math.min(99, Math.floor((done / total) * 100)) });
      await turn();
    }
  }
  await files.write(request.outputContainerUri, request.outputBlobName, devices());
  if (!request.isWithConfigurations) return;
  const texts = await lines.exportConfigurations();
  await files.write(request.outputContainerUri, request.configurationsBlobName, once(texts.map((text) => `${text}\n`).join('')));
}

/**
 * Applies the lines of a blob, in batches; a restart goes on behind the last batch whose end is written down, so that a
 * line may be applied twice and none is left out. What is refused stands in a log beside the export's blob.
 */
export async function importRegistry(rooms: TransferRooms, transfer: Transfer, signal: AbortSignal): Promise<void> {
  const { store, files, lines } = rooms;
  const { jobId, request } = transfer;
  const uri = request.inputContainerUri ?? request.outputContainerUri;
  if (request.isWithConfigurations) {
    const source = await files.read(uri, request.configurationsBlobName);
    if (!source) throw missing(request.configurationsBlobName);
    for await (const batch of readLines(source.pieces)) await lines.importConfigurations(batch.lines);
  }
  const source = await files.read(uri, request.inputBlobName);
  if (!source) throw missing(request.inputBlobName);
  for await (const batch of readLines(source.pieces)) {
    if (signal.aborted) throw new TransferStopped();
    const fresh = batch.lines.filter(({ line }) => line > transfer.linesDone);
    if (fresh.length === 0) continue;
    const failures = await lines.importDevices(fresh);
    const progress = Math.min(99, Math.floor((batch.bytesRead / Math.max(1, source.bytes)) * 100));
    await store.advance(jobId, batch.last, progress, failures);
    await turn();
  }
  await adoptOrphans(rooms, jobId, uri, request.inputBlobName);
  const failures = await store.failures(jobId);
  if (failures.length > 0) await files.write(request.outputContainerUri, errorLogOf(request), once(formatFailures(failures)));
}

/** Devices whose edge device stands further down are tried again, layer by layer, as long as that finds one its place. */
async function adoptOrphans({ store, files, lines }: TransferRooms, jobId: string, uri: string, name: string): Promise<void> {
  for (let layer = 0; layer < registryLimits.edgeLayersMax; layer++) {
    const orphans = new Set(
      (await store.failures(jobId)).filter(({ errorCode }) => errorCode === orphanCode).map(({ line }) => line),
    );
    const source = orphans.size > 0 ? await files.read(uri, name) : undefined;
    if (!source) return;
    let adopted = 0;
    for await (const batch of readLines(source.pieces)) {
      const again = batch.lines.filter(({ line }) => orphans.has(line));
      if (again.length === 0) continue;
      const refused = new Set((await lines.importDevices(again)).map(({ line }) => line));
      const found = again.map(({ line }) => line).filter((line) => !refused.has(line));
      await store.forgive(jobId, found);
      adopted += found.length;
    }
    if (adopted === 0) return;
  }
}

/** What a line is refused by whose parent is not there. */
const orphanCode = 'InvalidDeviceScope';

function formatFailures(failures: readonly LineFailure[]): string {
  const more = failures.length >= transferLimits.failuresMax ? 'More lines were refused than are kept.\n' : '';
  return failures.map((failure) => `${JSON.stringify(failure)}\n`).join('') + more;
}

async function* once(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

function missing(name: string): Problem {
  return new Problem('not-found', `There is no blob ${name}.`, { reason: 'no-such-blob' });
}
