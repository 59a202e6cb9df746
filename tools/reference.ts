/**
 * Writes docs/reference from the tables in the code: `node tools/reference.ts`. A test says when a page is
 * out of date.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type MetricDescription, metricNames } from '#base/metric-names.ts';
import { problemCodes } from '#base/problem.ts';
import type { SettingField } from '#base/settings.ts';
import { serverSettings } from '#server/config.ts';
import { repository } from './run.ts';

/** The pages and what they say now. */
export function referencePages(): Record<string, string> {
  return {
    'docs/reference/configuration.md': configurationPage(),
    'docs/reference/metrics.md': metricsPage(),
    'docs/reference/problems.md': problemsPage(),
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
