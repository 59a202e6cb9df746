import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '#base/json.ts';
import { makeServerIdentity } from './sphere-installation.ts';

export type HookAnswer = { status?: number; body?: unknown };
/** Undefined: no answer comes. */
type Decide = (asked: JsonObject) => HookAnswer | undefined | Promise<HookAnswer | undefined>;

/** What a person writes as a custom allocation webhook: an HTTPS server that is asked for the hub of a device. */
export async function openAllocationHook() {
  const identity = await makeServerIdentity();
  const folder = mkdtempSync(join(tmpdir(), 'hook-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, identity.caPem);
  const asked: { url: string; body: JsonObject }[] = [];
  let decide: Decide = () => ({ status: 500 });
  const server: Server = createServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (request, response) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', async () => {
      const body = JSON.parse(text) as JsonObject;
      asked.push({ url: request.url ?? '', body });
      const answer = await decide(body);
      if (!answer) return;
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
      response.end(answer.body === undefined ? '' : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${port}/allocate?code=hook-secret`,
    /** For the server that shall call it: an address inside, and a CA that the system does not know. */
    environment: { NODE_EXTRA_CA_CERTS: caFile, HOMEPORT_OUTGOING__ALLOWED: '127.0.0.1' },
    asked,
    /** What it was told of this device last. */
    lastOf(registrationId: string): JsonObject | undefined {
      return asked.findLast(({ body }) => (body.deviceRuntimeContext as JsonObject).registrationId === registrationId)?.body;
    },
    answerWith(next: Decide): void {
      decide = next;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type AllocationHook = Awaited<ReturnType<typeof openAllocationHook>>;
