import { readFileSync } from 'node:fs';
import type { JsonObject } from '#base/json.ts';
import type { Invocation } from '../../kit/command.ts';
import { CommandFailure } from '../../kit/failure.ts';
import { pauseAwake } from '../../kit/pause-awake.ts';
import { administer } from '../administration.ts';
import { askHubForObject } from './ask-hub.ts';
import { hubPath } from './hub-option.ts';

const pollMs = 500;

/** Where the hub's files are, and a link that is good for one of them for ten minutes. */
export async function linkOf(invocation: Invocation, name: string, access: 'read' | 'write') {
  const link = await administer(invocation, {
    method: 'POST',
    path: hubPath(invocation, '/hub/files/link'),
    json: { name, access },
  });
  return { url: String(link.url), container: String(link.container), ca: readFileSync(String(link.caFile), 'utf8') };
}

/** Begins an import or an export and waits for its end; says how far it is. Throws CommandFailure when it fails. */
export async function runTransfer(invocation: Invocation, request: JsonObject): Promise<JsonObject> {
  const { platform, terminal } = invocation;
  let job = await askHubForObject(invocation, { method: 'POST', path: '/jobs/create', json: request });
  const { jobId } = job;
  let told = 0;
  while (job.status === 'enqueued' || job.status === 'running') {
    await pauseAwake(platform.clock, pollMs);
    job = await askHubForObject(invocation, { method: 'GET', path: `/jobs/${encodeURIComponent(String(jobId))}` });
    const progress = Number(job.progress);
    if (terminal.isOutputTerminal && progress >= told + 10) {
      terminal.complain(`${progress} %`);
      told = progress;
    }
  }
  if (job.status === 'completed') return job;
  throw new CommandFailure('failed', `The ${String(job.type)} ${String(job.status)}.`, { why: String(job.failureReason ?? '') });
}

/** The file that a transfer leaves in the hub's container goes: it may hold keys. */
export async function removeFile(invocation: Invocation, name: string): Promise<void> {
  await administer(invocation, { method: 'DELETE', path: hubPath(invocation, '/hub/files', { name }) });
}
