import type { AskedMethod } from '../contract/service-requests.ts';
import type { MethodRequest } from '../methods/methods.ts';

/** A method call as back ends ask for it, in our words; older clients have another name for the time-out of the response. */
export function methodRequestOf(asked: AskedMethod): MethodRequest {
  const responseSeconds = asked.responseTimeoutInSeconds ?? asked.timeoutInSeconds;
  return {
    methodName: asked.methodName,
    payload: asked.payload ?? null,
    ...(responseSeconds == null ? {} : { responseTimeoutSeconds: responseSeconds }),
    ...(asked.connectTimeoutInSeconds == null ? {} : { connectTimeoutSeconds: asked.connectTimeoutInSeconds }),
  };
}
