import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dayMs, hourMs, plus } from '#base/instant.ts';
import { makeSelfSigned, testNow } from '#test/support/certificates.ts';
import { testPlatform } from '#test/support/test-platform.ts';
import { temporaryDirectory } from '#test/support/test-terminal.ts';
import type { CertificateState } from '../bridge/bridge-report.ts';
import { CertificateWatch } from './certificate-watch.ts';

test('twice a day it says that the certificate ends, then that it has ended; of one that was replaced it is silent', async (t) => {
  const certificatePath = join(temporaryDirectory(t), 'certificate.pem');
  const place = (days: number) =>
    writeFileSync(
      certificatePath,
      makeSelfSigned('d', { notBefore: plus(testNow, -dayMs), notAfter: plus(testNow, days * dayMs) }).pem,
    );
  place(40);
  const { clock, ...rest } = testPlatform();
  const states: (CertificateState['status'] | undefined)[] = [];
  const told: string[] = [];
  const watch = new CertificateWatch(
    { clock, ...rest },
    {
      place: { kind: 'certificate', certificatePath, keyPath: '/nowhere' },
      time: clock,
      report: {
        async certificate(state, advice) {
          states.push(state?.status);
          if (advice !== undefined) told.push(advice);
        },
      },
      soonMs: 30 * dayMs,
    },
  );
  t.after(() => watch.stop());
  await watch.start();
  assert.deepEqual(states.splice(0), [undefined]);
  clock.advance(10 * dayMs + hourMs);
  await watch.look();
  assert.equal(states.at(-1), 'expires-soon');
  const before = told.length;
  await watch.look();
  assert.equal(told.length, before, 'each connection looks, and nobody is told anew');
  clock.advance(40 * dayMs);
  await watch.look();
  assert.equal(states.at(-1), 'expired');
  assert.match(told.at(-1) ?? '', /ended at .*Run 'tedge cert renew', register the thumbprint/);
  place(400);
  await watch.look();
  assert.equal(states.at(-1), undefined);
});
