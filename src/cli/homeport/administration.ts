import { resolveDataDirectory } from '#base/data-directory.ts';
import { isJsonObject, type JsonObject, parseJson } from '#base/json.ts';
import type { Invocation } from '../kit/command.ts';
import { CommandFailure } from '../kit/failure.ts';
import { type HttpRequest, requestHttp } from '../kit/http-client.ts';

/** Asks the running server through its administration socket. Throws CommandFailure with the server's own words. */
export async function administer(
  { options, terminal }: Pick<Invocation, 'options' | 'terminal'>,
  request: HttpRequest,
): Promise<JsonObject> {
  const { administrationSocket } = resolveDataDirectory(terminal.environment, options.text('data'));
  const answer = await requestHttp({ socketPath: administrationSocket }, request);
  const body = answer.body.length === 0 ? {} : parseJson(answer.body, { bytesMax: 16 * 1024 * 1024 });
  if (answer.status < 300) return isJsonObject(body) ? body : {};
  const error = isJsonObject(body) && isJsonObject(body.error) ? body.error : {};
  throw new CommandFailure(exitOf(answer.status), String(error.message ?? `The server answered ${answer.status}.`), {
    ...(typeof error.reason === 'string' && { why: error.reason }),
  });
}

function exitOf(status: number): 'notFound' | 'conflict' | 'failed' {
  return status === 404 ? 'notFound' : status === 409 ? 'conflict' : 'failed';
}
