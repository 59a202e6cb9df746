/** The search of an address with the parts of a filter that changed; an empty part leaves it. */
export function writeFilter(search: URLSearchParams, change: Readonly<Record<string, string>>): URLSearchParams {
  const result = new URLSearchParams(search);
  for (const [name, value] of Object.entries(change)) {
    if (value === '') result.delete(name);
    else result.set(name, value);
  }
  return result;
}
