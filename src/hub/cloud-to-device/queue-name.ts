import { type Identity, identityName } from '../identity.ts';

const inputsLevel = 'inputs';

/**
 * The queue of a module's inputs: beside that of its messages, since clients take the two apart. Ids hold no
 * slash, so that no queue is called like another (identity.ts).
 */
export function inputQueue(module: string): string {
  return `${module}/${inputsLevel}`;
}

/** Where a message waits. */
export function queueOf({ identity, input }: { readonly identity: Identity; readonly input?: string | undefined }): string {
  const name = identityName(identity);
  return input === undefined ? name : inputQueue(name);
}

export function parseQueueName(queue: string): { readonly identity: Identity; readonly isOfInputs: boolean } {
  const [deviceId = '', moduleId, level] = queue.split('/');
  return { identity: { deviceId, ...(moduleId === undefined ? {} : { moduleId }) }, isOfInputs: level === inputsLevel };
}
