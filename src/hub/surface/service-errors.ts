import { formatInstantTicks, type Instant } from '#base/instant.ts';
import type { Problem } from '#base/problem.ts';
import type { RenderedProblem } from '#wire/http/fastify.ts';
import { type HubError, hubErrorOf, statusOf } from './errors.ts';
import { servicePath } from './service-path.ts';

/** What a client waits before it tries again when we do not know better. */
const retryAfterSecondsDefault = 5;

/**
 * A Problem in the words of the service's REST (hub-service-protocol.md 3.5): shape A, which Node reads
 * the name of the code from, and shape B for what became of a method call.
 */
export function renderServiceProblem(problem: Problem, url: string, trackingId: string, at: Instant): RenderedProblem {
  const error = serviceErrorOf(problem);
  const isMethodCall = methodPattern.test(servicePath(url)) && statusOf(error) !== 401;
  return renderError(error, problem, { isMethodCall, trackingId, at });
}

/** A Problem in the words of the device's HTTPS API, which are those of the service's in shape A (hub-device-protocol.md 6.3). */
export function renderDeviceProblem(problem: Problem, trackingId: string, at: Instant): RenderedProblem {
  return renderError(hubErrorOf(problem), problem, { isMethodCall: false, trackingId, at });
}

/** Direct methods, and commands of digital twins. */
const methodPattern = /^\/twins\/.+\/methods$|^\/digitaltwins\/.+\/commands\/[^/]+$/i;

function renderError(
  error: HubError,
  problem: Problem,
  { isMethodCall, trackingId, at }: { isMethodCall: boolean; trackingId: string; at: Instant },
): RenderedProblem {
  // Too many entries of a bulk call are a bad request, whatever the number of the code says (4.2).
  const status = problem.reason === 'too-many-devices' ? 400 : statusOf(error);
  const wait = status === 429 || status === 503 ? (problem.retryAfterSeconds ?? retryAfterSecondsDefault) : undefined;
  return {
    status,
    headers: {
      'iothub-errorcode': error.name,
      ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    },
    json: isMethodCall ? shapeB(error, problem, trackingId, at) : shapeA(error, problem, trackingId, at),
  };
}

/** A path or a verb that no route has is one that this build does not implement. */
export function serviceErrorOf(problem: Problem): HubError {
  const isUnrouted = problem.code === 'route-not-found' || problem.code === 'method-not-allowed';
  return isUnrouted ? { errorCode: 404013, name: 'FeatureNotSupported' } : hubErrorOf(problem);
}

/** Clients split `Message` at the first semicolon and read the code before it, so the text may hold none. */
function shapeA(error: HubError, problem: Problem, trackingId: string, at: Instant) {
  const [date = '', time = ''] = formatInstantTicks(at).split('T');
  const [year, month, day] = date.split('-');
  const stamp = `${month}/${day}/${year} ${time.slice(0, 8)}`;
  return {
    Message: `ErrorCode:${error.name};${problem.message.replaceAll(';', ',')}`,
    ExceptionMessage: `Tracking ID:${trackingId}-G:0-TimeStamp:${stamp}`,
  };
}

function shapeB(error: HubError, problem: Problem, trackingId: string, at: Instant) {
  const timestampUtc = formatInstantTicks(at);
  const message = {
    errorCode: error.errorCode,
    trackingId: `${trackingId}-G:0-TimeStamp:${timestampUtc}`,
    message: problem.message,
    info: { timeout: '00:00:00' },
    timestampUtc,
  };
  return { Message: JSON.stringify(message), ExceptionMessage: '' };
}
