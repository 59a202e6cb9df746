import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { JsonObject } from '#base/json.ts';
import type { RunningHomeport } from './start-homeport.ts';

const apiVersion = '2022-07-31';

/** Central's public API as a script uses it: with the token that `homeport status --secrets` prints. */
export async function openCentralClient(home: Pick<RunningHomeport, 'ok' | 'ca' | 'address'>) {
  const { central } = JSON.parse(await home.ok('homeport', ['status', '--json', '--secrets'])) as {
    central: { url: string; apiToken: string };
  };
  const { ca, address } = home;

  async function call(method: string, path: string, json?: unknown): Promise<{ status: number; body: JsonObject }> {
    const url = new URL(path, central.url);
    if (!path.startsWith('/api/ui/')) url.searchParams.set('api-version', apiVersion);
    const payload = json === undefined ? undefined : JSON.stringify(json);
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: central.apiToken,
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const path = url.pathname + url.search;
      const sent = request({ host: address, servername: '', port: url.port || 443, path, method, headers, ca, agent: false });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text ? JSON.parse(text) : {} }));
      });
      sent.end(payload);
    });
  }

  /** As `call`, and fails the test when the answer is no success. */
  async function ok(method: string, path: string, json?: unknown): Promise<JsonObject> {
    const { status, body } = await call(method, path, json);
    assert.ok(status >= 200 && status < 300, `${method} ${path} answered ${status} ${JSON.stringify(body)}`);
    return body;
  }

  return { call, ok };
}

export type CentralClient = Awaited<ReturnType<typeof openCentralClient>>;

/** Signs in with `azsphere`, uploads the tenant's CA to a new group and proves it: what the tutorials do by hand. */
export async function trustTenant(
  home: Pick<RunningHomeport, 'ok' | 'folder'>,
  central: CentralClient,
  groupId = 'azure-sphere',
): Promise<void> {
  const base64Of = (name: string) => readFileSync(join(home.folder, name)).toString('base64');
  await home.ok('azsphere', ['login']);
  await home.ok('azsphere', ['ca-certificate', 'download', '--output', 'CAcertificate.cer']);
  const group = `/api/enrollmentGroups/${groupId}`;
  await central.ok('PUT', group, { displayName: 'Azure Sphere', type: 'iot', attestation: { type: 'x509' } });
  const certificate = `${group}/certificates/primary`;
  await central.ok('PUT', certificate, { certificate: base64Of('CAcertificate.cer') });
  const { verificationCode } = await central.ok('POST', `${certificate}/generateVerificationCode`);
  const words = ['--output', 'ValidationCertification.cer', '--verificationcode', String(verificationCode)];
  await home.ok('azsphere', ['ca-certificate', 'download-proof', ...words]);
  await central.ok('POST', `${certificate}/verify`, { certificate: base64Of('ValidationCertification.cer') });
}
