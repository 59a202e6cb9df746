const header = 'x-ms-client-request-id';

/** Clients name their requests to find them again: the name goes back as it came, if it can stand in a header. */
export function echoedRequestId(headers: Readonly<Record<string, string>>): Record<string, string> {
  const id = headers[header];
  return id !== undefined && /^[\x21-\x7e]{1,128}$/.test(id) ? { [header]: id } : {};
}
