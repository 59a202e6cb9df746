import { resolveDataDirectory } from '#base/data-directory.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import type { Invocation } from '../../kit/command.ts';
import { CommandFailure, type ExitName } from '../../kit/failure.ts';
import { type HttpAnswer, type HttpRequest, requestHttp } from '../../kit/http-client.ts';

const apiVersion = '2021-04-12';
const answerBytesMax = 8 * 1024 * 1024;

export type HubAnswer = { readonly json: Json; readonly headers: HttpAnswer['headers'] };

/**
 * Asks the REST of the hub that `--hub` names, as a back end does, through the administration socket, which needs no
 * key. Throws CommandFailure in the hub's own words.
 */
export async function askHub(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  { path, query = {}, ...request }: HttpRequest & { readonly query?: Readonly<Record<string, string>> },
): Promise<HubAnswer> {
  const { administrationSocket } = resolveDataDirectory(terminal.environment, options.text('data'));
  const hub = encodeURIComponent(options.text('hub') ?? 'main');
  const search = new URLSearchParams({ ...query, 'api-version': apiVersion });
  const target = { socketPath: administrationSocket };
  const answer = await requestHttp(target, { ...request, path: `/hubs/${hub}/rest${path}?${search}` });
  const json = answer.body.length === 0 ? {} : parseJson(answer.body, { bytesMax: answerBytesMax });
  if (answer.status < 300) return { json, headers: answer.headers };
  throw failureOf(answer, json);
}

/** The same where the answer is one object. */
export async function askHubForObject(
  invocation: Pick<Invocation, 'options' | 'terminal'>,
  request: Parameters<typeof askHub>[1],
): Promise<JsonObject> {
  const { json } = await askHub(invocation, request);
  return isJsonObject(json) ? json : {};
}

const exits: Readonly<Record<string, ExitName>> = {
  DeviceNotFound: 'notFound',
  ModuleNotFound: 'notFound',
  JobNotFound: 'notFound',
  ConfigurationNotFound: 'notFound',
};

function failureOf({ status, headers }: HttpAnswer, json: Json): CommandFailure {
  // Before the hub itself is asked, the socket answers in its own shape.
  if (isJsonObject(json) && isJsonObject(json.error)) {
    return new CommandFailure(status === 404 ? 'notFound' : 'failed', String(json.error.message));
  }
  // A call about many, of which this one failed.
  const [entry] = isJsonObject(json) && Array.isArray(json.errors) ? json.errors.filter(isJsonObject) : [];
  const code = String(entry?.errorCode ?? headers['iothub-errorcode'] ?? '');
  const exit = exits[code] ?? (status === 409 ? 'conflict' : 'failed');
  const message = entry ? String(entry.errorStatus) : messageOf(json);
  return new CommandFailure(exit, message || `The hub answered ${status}.`, code === '' ? {} : { why: `The hub says ${code}.` });
}

/** `ErrorCode:X;text`, or of a method call the text in a document within. */
function messageOf(json: Json): string {
  const message = isJsonObject(json) && typeof json.Message === 'string' ? json.Message : '';
  if (!message.startsWith('{')) return message.slice(message.indexOf(';') + 1);
  const inner = parseJson(message);
  return isJsonObject(inner) && typeof inner.message === 'string' ? inner.message : '';
}
