/**
 * Writes docs/reference from the tables in the code: `node tools/reference.ts`. A test says when a page is
 * out of date.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { certificatesMax, revocationListsMax } from '#authorities/limits.ts';
import { dayMs, secondMs } from '#base/instant.ts';
import { type MetricDescription, metricNames } from '#base/metric-names.ts';
import { problemCodes } from '#base/problem.ts';
import type { SettingField } from '#base/settings.ts';
import { type SettingKey, settingKeys } from '#edge/settings/setting-keys.ts';
import { cloudToDeviceLimits } from '#hub/cloud-to-device/limits.ts';
import { configurationLimits } from '#hub/configurations/limits.ts';
import { fileLimits } from '#hub/files/limits.ts';
import { hubsMax } from '#hub/instances/hubs.ts';
import { jobLimits } from '#hub/jobs/limits.ts';
import { queryLimits } from '#hub/query/limits.ts';
import { methodMeterBytes, operations, type Rate, ratesOfTier } from '#hub/quotas/rates.ts';
import { registryLimits } from '#hub/registry/limits.ts';
import { conditionLengthMax, deadLettersMax, destinationsMax, enrichmentsMax, routesMax } from '#hub/routing/limits.ts';
import { transferLimits } from '#hub/transfers/limits.ts';
import { serverSettings } from '#server/config.ts';
import { hubLimitFields } from '#server/hub-limit-settings.ts';
import { repository } from './run.ts';

/** The pages and what they say now. */
export function referencePages(): Record<string, string> {
  return {
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/limits.md': limitsPage(),
    'docs/reference/metrics.md': metricsPage(),
    'docs/reference/problems.md': problemsPage(),
    'docs/reference/tedge-settings.md': tedgeSettingsPage(),
  };
}

const madeBy = '<!-- Made by tools/reference.ts from the code. Change it there. -->';

function configurationPage(): string {
  const rows = Object.entries(serverSettings as Record<string, SettingField>).map(
    ([name, field]) =>
      `| \`${name}\` | \`${variableOf(name)}\` | ${shapeOf(field)} | ${defaultOf(field)} | ${cell(field.describe)} |`,
  );
  return `# Configuration

${madeBy}

Every setting has a default. A value comes from, later ones winning: the default, the TOML file (\`homeport.toml\` in the data
directory, or \`--config FILE\`), the environment, a flag. A setting that does not exist is an error that names the nearest one.
\`homeport config show\` prints every value and where it came from; \`homeport config check\` exits with 1 when something is wrong.

In the file, \`listeners.mqttPort\` is \`mqttPort\` below \`[listeners]\`. A list in the environment is separated by commas.

| Setting | Environment | Takes | Default | What it does |
|---|---|---|---|---|
${rows.join('\n')}

The data directory is no setting: \`--data DIRECTORY\`, else \`HOMEPORT_DATA\`, else \`$XDG_STATE_HOME/homeport\`, else
\`~/.local/state/homeport\`. Every command of every program looks there.
`;
}

function tedgeSettingsPage(): string {
  const rows = Object.entries<SettingKey>(settingKeys).map(
    ([name, key]) =>
      `| \`${name}\` | \`TEDGE_${name.replaceAll('.', '_').toUpperCase()}\` | ${key.choices ? key.choices.map((choice) => `\`${choice}\``).join(', ') : key.kind} | ${tedgeDefaultOf(key)} | ${cell(key.note)} |`,
  );
  return `# Settings of tedge

${madeBy}

\`tedge config set NAME VALUE\` writes a setting into \`tedge.toml\` in the configuration directory (\`--config-dir\`, else \`TEDGE_CONFIG_DIR\`, else
\`/etc/tedge\`); the environment wins over the file. \`tedge config list --all\` prints what holds.

| Setting | Environment | Takes | Default | What it is |
|---|---|---|---|---|
${rows.join('\n')}

A file named without a slash in front lies below the configuration directory. A duration is \`30s\`, \`10m\`, \`1h 30m\`, \`365d\` or the like.
`;
}

function tedgeDefaultOf(key: SettingKey): string {
  if (key.fallback !== undefined) return `what \`${key.fallback}\` says`;
  const own = key.defaultFile ?? key.default;
  const usual = own === undefined || own.length === 0 ? 'none' : `\`${typeof own === 'string' ? own : own.join('`, `')}\``;
  return key.elsewhere === undefined ? usual : `${usual}; below another directory than \`/etc/tedge\`, \`${key.elsewhere}\``;
}

/** As resolveSettings reads it back: parts in capitals, words and parts divided. */
export function variableOf(name: string): string {
  const parts = name.split('.').map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase());
  return `HOMEPORT_${parts.join('__')}`;
}

function shapeOf(field: SettingField): string {
  switch (field.kind) {
    case 'text':
      return field.choices ? field.choices.map((choice) => `\`${choice}\``).join(', ') : 'text';
    case 'number':
      return `${field.min} to ${field.max}`;
    case 'flag':
      return '`true`, `false`';
    case 'list':
      return 'list of texts';
  }
}

function defaultOf(field: SettingField): string {
  if (field.kind === 'list') return field.default.length === 0 ? 'none' : cell(field.default.join(', '));
  return field.default === '' ? 'empty' : `\`${field.default}\``;
}

function limitsPage(): string {
  const settings = Object.entries(hubLimitFields).map(
    ([name, field]) => `| \`${name}\` | ${field.default} | ${field.min} to ${field.max} | ${cell(field.describe)} |`,
  );
  const fixed = fixedLimits.map(([what, value]) => `| ${what} | ${value} |`);
  const rates = operations.map((operation) => {
    const ofTiers = (['S1', 'S2', 'S3'] as const).map((tier) => rateText(ratesOfTier(tier, 1)[operation]));
    return `| \`${operation}\` | ${ofTiers.join(' | ')} |`;
  });
  return `# Limits

${madeBy}

What a hub takes, as it is when nothing was set. Whatever is above a limit is refused, in its protocol's words, unless it says otherwise here.

## Limits that are settings

| Setting | Default | Takes | What it limits |
|---|---|---|---|
${settings.join('\n')}

What the listeners, the store of files and the broker door take are settings too: \`listeners.*\`, \`files.*\` and \`broker.*\` in
[the configuration](configuration.md).

## Limits that are fixed

| What | Limit |
|---|---|
${fixed.join('\n')}

## Rates

Nobody is throttled unless \`hub.throttling\` names a tier or \`hub.rates.*\` and \`hub.deviceRates.*\` give numbers. One unit of a tier allows:

| Operation | S1 | S2 | S3 |
|---|---|---|---|
${rates.join('\n')}

A method counts once for every ${methodMeterBytes} bytes of its payload that it begins.
`;
}

const days = (ms: number): string => `${ms / dayMs} days`;

const fixedLimits: readonly (readonly [what: string, limit: number | string])[] = [
  ['Hubs of an installation', hubsMax],
  ['Identities in one answer of the registry', registryLimits.listMax],
  ['Layers of edge devices below one another', registryLimits.edgeLayersMax],
  ['Identities whose keys are renewed in one call', registryLimits.regeneratedMax],
  ['Rows in a page of a query, where a caller asks for none', queryLimits.pageItemsDefault],
  ['Rows in a page of a query at most', queryLimits.pageItemsMax],
  ['Groups that a query makes', queryLimits.groupsMax],
  ['Queries that run at once; others wait', queryLimits.runningMax],
  ['Queries that wait', queryLimits.waitingMax],
  ['Jobs that work at once; others wait', jobLimits.runningMax],
  ['Jobs that wait', jobLimits.waitingMax],
  ['The longest that a job may take', days(jobLimits.executionMsMax)],
  ['How long an ended job can be asked for', days(jobLimits.keptMs)],
  ['Configurations', configurationLimits.configurationsMax],
  ['Metrics of one configuration', configurationLimits.metricsMax],
  ['Labels of one configuration', configurationLimits.labelsMax],
  ['Routes', routesMax],
  ['Destinations', destinationsMax],
  ['Enrichments', enrichmentsMax],
  ['Characters of a route’s condition', conditionLengthMax],
  ['Events put aside for one destination; then its delivery waits', deadLettersMax],
  ['Feedback that waits for a reader; above it the oldest goes', cloudToDeviceLimits.feedbackMax],
  ['Uploads of files that one device has begun and not ended', fileLimits.openPerDeviceMax],
  ['Notifications of files that wait for a reader; above it the oldest goes', fileLimits.notificationsMax],
  ['Bytes of a line in an import', transferLimits.lineBytesMax],
  ['CA certificates of a hub or provisioning instance', certificatesMax],
  ['Revocation lists', revocationListsMax],
];

function rateText({ count, perMs }: Rate): string {
  return `${Number(count.toFixed(1))} a ${perMs === secondMs ? 'second' : 'minute'}`;
}

function problemsPage(): string {
  const rows = Object.entries(problemCodes).map(
    ([code, { meaning, retry }]) => `| \`${code}\` | ${cell(meaning)} | ${retries[retry]} |`,
  );
  return `# Problems

${madeBy}

What can go wrong for a caller. Each service says it in its own words and numbers, as the cloud's does.

| Code | Meaning | Retry |
|---|---|---|
${rows.join('\n')}
`;
}

function metricsPage(): string {
  const rows = Object.entries(metricNames as Record<string, MetricDescription>).map(
    ([name, { kind, help, labels }]) =>
      `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${cell(help)} |`,
  );
  return `# Metrics

${madeBy}

What \`GET /metrics\` tells, as Prometheus reads it: on the administration socket, and on \`monitoring.port\` where that is set.
Counters begin at 0 with each start. A number that was never counted may be
left out. No label names a device, an address or anything else that clients choose.

| Name | Kind | Labels | What it counts |
|---|---|---|---|
${rows.join('\n')}
`;
}

const retries = { never: 'never', later: 'later', 'after-refresh': 'after reading again' } as const;

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(referencePages())) {
    mkdirSync(dirname(join(repository, path)), { recursive: true });
    writeFileSync(join(repository, path), text);
    console.log(`wrote ${path}`);
  }
}
