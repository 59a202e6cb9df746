import { quoteEtag } from '#base/etag.ts';
import { formatInstantTicks } from '#base/instant.ts';
import type { JsonObject } from '#base/json.ts';
import { Problem } from '#base/problem.ts';
import type { Reply } from '#wire/http/route.ts';
import { applyModulesContent, applyTwinContent } from '../configurations/apply-content.ts';
import { formatConfigurationContent, parseConfigurationContent } from '../configurations/configuration-content.ts';
import type { CountedConfiguration } from '../configurations/configurations.ts';
import { configurationLimits } from '../configurations/limits.ts';
import { parseTargetCondition } from '../configurations/target-condition.ts';
import { type AskedConfiguration, askedConfiguration, askedContent, askedQueries } from '../contract/configuration-requests.ts';
import { listQuery, versionOnly } from '../contract/service-requests.ts';
import type { ServiceRooms } from './service-rooms.ts';
import { type ServiceRoute, serviceRoute } from './service-route.ts';

const idPattern = /^[a-z0-9\-:+%_#*?!(),=@$']{1,128}$/;

/** Automatic device management (hub-service-protocol.md 4.9, 4.10). */
export function configurationRoutes({ configurations, queries, registry, twins }: ServiceRooms): ServiceRoute[] {
  const answer = (configuration: CountedConfiguration): Reply => ({
    headers: { etag: quoteEtag(configuration.etag) },
    json: formatConfiguration(configuration),
  });
  return [
    serviceRoute({
      method: 'GET',
      path: '/configurations',
      permission: 'RegistryRead or ServiceConnect',
      summary: 'Configurations, at most `top` of them and at most 100',
      query: listQuery,
      async handle({ query }) {
        const max = configurationLimits.configurationsMax;
        const top = Number(query.top ?? max);
        return { json: (await configurations.list(top >= 1 && top <= max ? top : max)).map(formatConfiguration) };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/configurations/testQueries',
      readsOnly: true,
      permission: 'RegistryRead or ServiceConnect',
      summary: 'Says what is wrong with a condition and with queries of metrics',
      query: versionOnly,
      body: askedQueries,
      async handle({ body: { targetCondition, customMetricQueries } }) {
        const wrong = (check: () => void): string => {
          try {
            check();
            return '';
          } catch (error) {
            if (error instanceof Problem) return error.message;
            throw error;
          }
        };
        // Whether it will be for devices or for modules is not said: the one that it fits counts.
        const condition = targetCondition ?? '';
        const kind = /^\s*from\s+devices\.modules\b/i.test(condition) ? 'moduleContent' : 'deviceContent';
        const metrics = Object.entries(customMetricQueries ?? {});
        return {
          json: {
            targetConditionError: wrong(() => void parseTargetCondition(kind, condition)),
            customMetricQueryErrors: Object.fromEntries(
              metrics.map(([name, query]) => [name, wrong(() => queries.check(query))]),
            ),
          },
        };
      },
    }),
    serviceRoute({
      method: 'GET',
      path: '/configurations/:configurationId',
      permission: 'RegistryRead or ServiceConnect',
      summary: 'A configuration with its metrics',
      query: versionOnly,
      handle: async ({ params: { configurationId = '' } }) => answer(await configurations.require(configurationId)),
    }),
    serviceRoute({
      method: 'PUT',
      path: '/configurations/:configurationId',
      permission: 'RegistryWrite or ServiceConnect',
      summary: 'Makes a configuration, or with If-Match changes one',
      query: versionOnly,
      body: askedConfiguration,
      async handle({ params: { configurationId: id = '' }, headers, body }) {
        if (body.id != null && body.id !== id) {
          throw new Problem('argument-invalid', 'The path names another configuration than the body.');
        }
        return answer(await saveConfiguration(configurations, id, body, headers['if-match']));
      },
    }),
    serviceRoute({
      method: 'DELETE',
      path: '/configurations/:configurationId',
      permission: 'RegistryWrite or ServiceConnect',
      summary: 'Deletes a configuration; what it wrote stays unless another takes its place',
      query: versionOnly,
      async handle({ params: { configurationId = '' }, headers }) {
        await configurations.delete(configurationId, headers['if-match']);
        return { status: 204 };
      },
    }),
    serviceRoute({
      method: 'POST',
      path: '/devices/:deviceId/applyConfigurationContent',
      permission: 'RegistryWrite or ServiceConnect',
      summary: 'Writes a content to one device and its modules',
      query: versionOnly,
      body: askedContent,
      async handle({ caller: { deviceId }, body }) {
        const content = parseConfigurationContent(body);
        const device = await registry.require(deviceId);
        if (content.kind === 'moduleContent') {
          throw new Problem('argument-invalid', 'A device takes deviceContent or modulesContent.', {
            reason: 'configuration-content',
          });
        }
        if (content.kind === 'modulesContent') {
          if (!device.isEdge)
            throw new Problem('argument-invalid', `${deviceId} is no edge device.`, { reason: 'configuration-content' });
          await applyModulesContent({ twins, modules: registry.modules }, deviceId, content.modules, { isComplete: true });
        } else await applyTwinContent({ twins }, deviceId, content.twin);
        return { status: 204 };
      },
    }),
  ];
}

/**
 * Makes a configuration, or changes the one that has the tag `ifMatch`; with `createOrUpdate` whichever it takes.
 * Throws as the room does.
 */
export async function saveConfiguration(
  configurations: ServiceRooms['configurations'],
  id: string,
  body: AskedConfiguration,
  ifMatch: string | undefined,
): Promise<CountedConfiguration> {
  if (!idPattern.test(id)) {
    throw new Problem(
      'argument-invalid',
      "The id of a configuration has 1 to 128 of a-z 0-9 and - : + % _ # * ? ! ( ) , = @ $ '.",
    );
  }
  const change = parseConfiguration(body);
  const isPresent =
    ifMatch === 'createOrUpdate' &&
    (await configurations.list(configurationLimits.configurationsMax)).some((one) => one.id === id);
  if (ifMatch !== undefined && (isPresent || ifMatch !== 'createOrUpdate')) {
    return configurations.update(id, change, isPresent ? '*' : ifMatch);
  }
  const { content, targetCondition = '', priority = 0, labels, metricQueries = {} } = change;
  if (!content) throw new Problem('argument-invalid', 'A configuration needs a content.', { reason: 'configuration-content' });
  return configurations.create({ id, content, targetCondition, priority, labels, metricQueries });
}

function parseConfiguration({ content, targetCondition, priority, labels, metrics }: AskedConfiguration) {
  return {
    ...(content == null ? {} : { content: parseConfigurationContent(content) }),
    ...(targetCondition == null ? {} : { targetCondition }),
    ...(priority == null ? {} : { priority }),
    ...(labels === undefined ? {} : { labels: labels ?? undefined }),
    ...(metrics?.queries == null ? {} : { metricQueries: metrics.queries }),
  };
}

export function formatConfiguration(configuration: CountedConfiguration): JsonObject {
  return {
    id: configuration.id,
    schemaVersion: '1.0',
    labels: configuration.labels ?? null,
    content: formatConfigurationContent(configuration.content),
    contentType: 'assignment',
    targetCondition: configuration.targetCondition,
    createdTimeUtc: formatInstantTicks(configuration.createdAt),
    lastUpdatedTimeUtc: formatInstantTicks(configuration.updatedAt),
    priority: configuration.priority,
    systemMetrics: { results: { ...configuration.counted }, queries: { ...configuration.systemQueries } },
    metrics: { results: { ...configuration.metricResults }, queries: { ...configuration.metricQueries } },
    etag: configuration.etag,
  };
}
