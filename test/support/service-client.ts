import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secondMs } from '#base/instant.ts';
import type { HttpSurface } from '#listeners/surface.ts';
import { formatSasToken } from '#wire/azure/sas-token.ts';
import { type HubBench, hubHost, openHubBench } from './hub-bench.ts';
import type { ProvisioningBench } from './provisioning-bench.ts';

type RestOptions = {
  clock: HubBench['clock'];
  surface: HttpSurface;
  policies: { find(name: string): { primaryKey: string } | undefined };
  /** Signs unless another is asked for. */
  policy: string;
  apiVersion: string;
};

export type ServiceAnswer = {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; it throws for a body that is none. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into it and fails where it is wrong
  json: any;
  /** The code that stands in `Message` of shape A. */
  code: string | undefined;
};

export type ServiceAsk = {
  /** The policy to sign with; default the owner's. */
  policy?: string;
  /** In place of a token of the policy; empty for none. */
  authorization?: string;
  ifMatch?: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
};

export const apiVersion = 'api-version=2021-04-12';

/** A back end at the REST of a hub in memory. */
export function openServiceClient({ hub, clock }: HubBench) {
  return openRestClient({ clock, surface: hub.http, policies: hub.policies, policy: 'iothubowner', apiVersion });
}

/** A hub in memory and a back end at its REST. */
export async function openHubService(options: Parameters<typeof openHubBench>[0] = {}) {
  const bench = await openHubBench(options);
  const client = await openServiceClient(bench);
  const close = async (): Promise<void> => {
    await client.close();
    await bench.close();
  };
  return { bench, client, close };
}

/** A back end at the REST of the provisioning service in memory. */
export function openProvisioningServiceClient({ provisioning, clock }: ProvisioningBench) {
  const { serviceHttp: surface, policies } = provisioning;
  return openRestClient({ clock, surface, policies, policy: 'provisioningserviceowner', apiVersion: 'api-version=2021-10-01' });
}

/** On plain HTTP: TLS decides nothing here. */
export async function openRestClient({ clock, surface, policies, policy: owner, apiVersion: version }: RestOptions) {
  const server = createServer(surface);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  function tokenOf(policyName = owner, resource = hubHost): string {
    const policy = policies.find(policyName);
    if (!policy) throw new Error(`There is no policy ${policyName}.`);
    const expirySeconds = Math.ceil(clock.now() / secondMs) + 3600;
    return formatSasToken({ resource, key: Buffer.from(policy.primaryKey, 'base64'), keyName: policyName, expirySeconds });
  }

  /** `path` goes out as it is written, with api-version where it has no query. */
  function ask(
    method: string,
    path: string,
    { policy, authorization, ifMatch, headers: more, body }: ServiceAsk = {},
  ): Promise<ServiceAnswer> {
    const bytes =
      body === undefined
        ? undefined
        : Buffer.from(typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body));
    return new Promise((resolve, reject) => {
      const sent = request({
        host: '127.0.0.1',
        port,
        method,
        path: path.includes('?') ? path : `${path}?${version}`,
        agent: false,
        headers: {
          ...(authorization === '' ? {} : { authorization: authorization ?? tokenOf(policy) }),
          ...(bytes && { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length }),
          ...more,
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({
            status,
            headers,
            text,
            get json() {
              return JSON.parse(text);
            },
            get code() {
              return /^ErrorCode:(\w+);/.exec(JSON.parse(text).Message)?.[1];
            },
          });
        });
      });
      sent.end(bytes);
    });
  }

  return {
    ask,
    tokenOf,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

export type ServiceClient = Awaited<ReturnType<typeof openServiceClient>>;
