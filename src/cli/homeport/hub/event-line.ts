import { isJsonObject, type Json, type JsonObject, parseJson } from '#base/json.ts';
import { printable } from '#base/printable.ts';

/** Of a body on one line. */
const lineCharactersMax = 500;

/** An event as programs read it: a body that its sender calls JSON, and that is, is JSON. */
export function describeEvent(event: JsonObject): JsonObject {
  const { systemProperties, body } = event;
  const contentType = isJsonObject(systemProperties) ? systemProperties['content-type'] : undefined;
  if (typeof body !== 'string' || !/^application\/([\w.-]+\+)?json\b/i.test(String(contentType ?? ''))) return event;
  return { ...event, body: jsonOr(body) };
}

function jsonOr(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
}

/** An event on one line: when, who, what kind, which properties of the application, and the body. */
export function eventLine(
  { enqueuedAt, deviceId, moduleId, source, properties, body, bodyBase64 }: JsonObject,
  gap: string,
): string {
  const who = moduleId === undefined ? String(deviceId) : `${deviceId}/${moduleId}`;
  const added = source === 'Telemetry' && isJsonObject(properties) ? Object.entries(properties) : [];
  const words = added.map(([name, value]) => (value === null ? name : `${name}=${value}`)).join(' ');
  const content =
    typeof bodyBase64 === 'string' ? `base64:${bodyBase64}` : typeof body === 'string' ? body : JSON.stringify(body);
  const parts = [String(enqueuedAt), who, String(source), ...(words === '' ? [] : [words]), content];
  return parts.map((part) => printable(part, lineCharactersMax)).join(gap);
}
