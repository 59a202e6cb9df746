import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { buildCentralRoutes } from '#central/surface/http.ts';
import { serviceRoutes } from '#hub/surface/http.ts';
import { provisioningServiceRoutes } from '#provisioning/surface/service-http.ts';
import { adminRoutes } from '#server/admin-routes.ts';
import { cloudRoutes } from '#sphere/surface/cloud-routes.ts';
import { auditCalls } from '#storage/audit-calls.ts';
import type { AuditEntry, AuditService } from '#storage/audit-log.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { buildHttpHandler } from '#wire/http/fastify.ts';
import type { Route } from '#wire/http/route.ts';

type AnyRoute = Route<undefined, string>;

/** Stands for every room that a table of routes may ask for while it is made. */
const anything: object = new Proxy(() => {}, {
  get(_target, name) {
    if (name === Symbol.toPrimitive) return () => 'anything';
    return name === Symbol.iterator ? [][Symbol.iterator] : anything;
  },
  apply: () => anything,
});

/** Every route through which somebody may change something, service by service. */
const services: Record<AuditService, readonly AnyRoute[]> = {
  hub: serviceRoutes(testPlatform(), anything as never) as unknown as AnyRoute[],
  provisioning: provisioningServiceRoutes(testPlatform(), anything as never) as unknown as AnyRoute[],
  central: buildCentralRoutes(testPlatform(), anything as never) as unknown as AnyRoute[],
  sphere: cloudRoutes(anything as never) as unknown as AnyRoute[],
  administration: adminRoutes(anything as never) as unknown as AnyRoute[],
};

/** What is no GET and yet changes nothing, and why. A route that says so of itself needs a row here. */
const readers: Readonly<Record<string, string>> = {
  'hub POST /devices/query': 'a query',
  'hub POST /configurations/testQueries': 'checks queries',
  'hub POST /routing/routes/$testnew': 'tries a route on a message that is none',
  'hub POST /routing/routes/$testall': 'likewise',
  'hub DELETE /messages/serviceBound/feedback/:lockToken': 'a receipt for what the caller itself took from its queue',
  'hub POST /messages/serviceBound/feedback/:lockToken/abandon': 'likewise',
  'provisioning POST /enrollments/query': 'a query',
  'provisioning POST /enrollmentGroups/query': 'a query',
  'provisioning POST /registrations/:id/query': 'a query',
  'provisioning POST /enrollments/:registrationId/attestationmechanism': 'reads keys',
  'provisioning POST /enrollmentGroups/:enrollmentGroupId/attestationmechanism': 'reads keys',
  'central POST /api/ui/hubs/:hub/rest/devices/query': 'a query',
  'central POST /api/ui/hubs/:hub/rest/configurations/testQueries': 'checks queries',
  'administration POST /hub/files/link': 'makes a link to read by',
  'administration POST /hub/routing/test': 'tries a route on a message that is none',
};

for (const service of Object.keys(services) as AuditService[]) {
  describe(`the audit log of ${service}`, () => {
    const entries: AuditEntry[] = [];
    let port: number;
    let close: () => void;
    before(async () => {
      const record = async (entry: AuditEntry) => void entries.push(entry);
      const handler = await buildHttpHandler<undefined, string>(testPlatform(), {
        name: service,
        // The routes as they are; only their work is left out.
        routes: services[service].map(({ query: _query, body: _body, bodyBytesMax: _max, ...route }) => ({
          ...route,
          handle: async () => ({ status: 200, json: {} }),
        })),
        authenticate: async () => undefined,
        renderProblem: ({ code }) => ({ status: 500, json: { code } }),
        onChange: auditCalls({ record }, service, () => ({ actor: 'somebody', credential: 'test' })),
      });
      const server = createServer(handler);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      port = (server.address() as AddressInfo).port;
      close = () => {
        server.close();
        server.closeAllConnections();
      };
    });
    after(() => close());

    const ask = (method: string, path: string) =>
      new Promise<number>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port, method, path, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode ?? 0));
        });
        sent.on('error', reject).end();
      });

    test('has routes that change something', () => {
      assert.ok(services[service].some(({ method, readsOnly }) => method !== 'GET' && !readsOnly));
    });

    for (const { method, path } of services[service].filter((route) => route.method !== 'GET')) {
      const name = `${service} ${method} ${path}`;
      const why = readers[name];
      test(why === undefined ? `${method} ${path} leaves an entry` : `${method} ${path} leaves none: ${why}`, async () => {
        const target = path.replaceAll(/:([A-Za-z]+)/g, 'x-$1');
        assert.equal(await ask(method, target), 200);
        const found = entries.filter(({ action }) => action === `${method} ${path}`);
        assert.deepEqual(
          found.map((entry) => [entry.service, entry.target, entry.status]),
          why === undefined ? [[service, target, 200]] : [],
        );
      });
    }
  });
}
