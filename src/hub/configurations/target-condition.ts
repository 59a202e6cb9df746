import { Problem } from '#base/problem.ts';
import type { Expression } from '#lang/expression.ts';
import { parseQueryCondition } from '#lang/query/parse.ts';
import type { Configuration, ConfigurationKind } from './configuration.ts';

/** For whom a configuration is meant. */
export type TargetCondition = {
  /** Twins that it looks at; undefined for nobody. */
  readonly source: 'devices' | 'devices.modules' | undefined;
  readonly where?: Expression;
};

/** Throws Problem `argument-invalid` with reason `configuration-condition`, which says where the text is wrong. */
export function parseTargetCondition(kind: ConfigurationKind, text: string): TargetCondition {
  const wanted = kind === 'moduleContent' ? 'devices.modules' : 'devices';
  if (text.trim() === '') return { source: undefined };
  if (text.trim() === '*') return { source: wanted };
  const { source, where } = parse(text);
  if (source !== wanted) {
    throw refused(
      wanted === 'devices'
        ? 'This content is for devices, and the condition chooses others.'
        : 'This content is for modules: the condition begins with FROM devices.modules WHERE.',
    );
  }
  return { source: wanted, ...(where === undefined ? {} : { where }) };
}

function parse(text: string) {
  try {
    return parseQueryCondition(text);
  } catch (error) {
    if (error instanceof Problem && error.code === 'argument-invalid') throw refused(error.message);
    throw error;
  }
}

function refused(detail: string): Problem {
  return new Problem('argument-invalid', detail, { reason: 'configuration-condition' });
}

/** Queries that count what the system knows of a configuration; tools run them as they stand here (4.9). */
export function systemQueries({ id, content, targetCondition }: Pick<Configuration, 'id' | 'content' | 'targetCondition'>) {
  const condition = targetCondition.trim();
  const applied = `configurations.[[${id}]].status = 'Applied'`;
  if (content.kind === 'moduleContent') {
    const from = condition === '*' || condition === '' ? 'FROM devices.modules' : condition;
    return {
      targetedCount: `SELECT deviceId, moduleId ${from}${condition === '' ? ' WHERE false' : ''}`,
      appliedCount: `SELECT deviceId, moduleId FROM devices.modules WHERE ${applied}`,
    };
  }
  const where = condition === '' ? 'false' : condition === '*' ? 'true' : condition;
  if (content.kind === 'deviceContent') {
    return {
      targetedCount: `SELECT deviceId FROM devices WHERE ${where}`,
      appliedCount: `SELECT deviceId FROM devices WHERE ${applied}`,
    };
  }
  const agent = `SELECT deviceId FROM devices.modules WHERE moduleId = '$edgeAgent' AND ${applied}`;
  return {
    targetedCount: `SELECT deviceId FROM devices WHERE capabilities.iotEdge = true AND (${where})`,
    appliedCount: agent,
    reportedSuccessfulCount: `${agent} AND properties.desired.$version = properties.reported.lastDesiredVersion AND properties.reported.lastDesiredStatus.code = 200`,
    reportedFailedCount: `${agent} AND properties.desired.$version = properties.reported.lastDesiredVersion AND properties.reported.lastDesiredStatus.code != 200`,
  };
}
