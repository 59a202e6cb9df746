/** `in 3 h`, `2 min ago`; beyond a day the date, because a count of days hides which day. */
export function relativeWords(at: number, now: number): string {
  const seconds = Math.round((now - at) / 1000);
  const distance = Math.abs(seconds);
  if (distance < 5) return 'just now';
  const amount =
    distance < 60 ? `${distance} s` : distance < 3600 ? `${Math.floor(distance / 60)} min` : `${Math.floor(distance / 3600)} h`;
  if (distance < 86_400) return seconds >= 0 ? `${amount} ago` : `in ${amount}`;
  return short.format(at);
}

const short = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });

/** Local date and time. */
export function exactWords(at: number): string {
  return exact.format(at);
}

/** `UTC+01:00` of the browser at `at`. */
export function zoneWords(at: number): string {
  const minutes = -new Date(at).getTimezoneOffset();
  const sign = minutes < 0 ? '-' : '+';
  const part = (value: number) => String(value).padStart(2, '0');
  return minutes === 0 ? 'UTC' : `UTC${sign}${part(Math.floor(Math.abs(minutes) / 60))}:${part(Math.abs(minutes) % 60)}`;
}
