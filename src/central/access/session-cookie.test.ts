import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSessionCookie, parseSessionCookie } from './session-cookie.ts';

const secret = 'a'.repeat(43);

test('the session is found among other cookies', () => {
  const [pair] = formatSessionCookie(secret).split(';');
  assert.equal(parseSessionCookie(`theme=dark; ${pair}; x=1`), secret);
});

test('a cookie of another name, form or number is no session', () => {
  const headers = [
    undefined,
    '',
    `homeport=${secret}`,
    `__Host-homeport2=${secret}`,
    '__Host-homeport=',
    `__Host-homeport=${secret}=`,
    `__Host-homeport=${'a'.repeat(42)}!`,
    `__Host-homeport=${secret}; __Host-homeport=${secret}`,
  ];
  for (const header of headers) assert.equal(parseSessionCookie(header), undefined, String(header));
});
