import { z } from 'zod';
import type { RevocationList, RevocationLists } from '#authorities/revocation-lists.ts';
import type { RevocationSource, RevocationSources } from '#authorities/revocation-sources.ts';
import { formatInstant } from '#base/instant.ts';
import type { UserCaller } from '#trust/caller.ts';
import type { Permission } from '#trust/permissions.ts';
import { defineRoute, type Route } from '#wire/http/route.ts';

export type RevocationRooms = {
  readonly revocationLists: RevocationLists;
  readonly revocationSources: RevocationSources;
};

const route = defineRoute<UserCaller, Permission>();
/** A list of 1 MiB, as PEM in base64. */
const fileCharsMax = 2 * 1024 * 1024;
const listFile = z.strictObject({ file: z.string().max(fileCharsMax) });
const sourceBody = z.strictObject({ url: z.string().max(2_048) });

/** Revocation lists of the CAs of all hubs and of provisioning, and where they are fetched. */
export function revocationRoutes({ revocationLists, revocationSources }: RevocationRooms): Route<UserCaller, Permission>[] {
  const describe = (list: RevocationList) => ({
    ...describeList(list),
    hasEnded: revocationLists.hasEnded(list),
  });
  return [
    route({
      method: 'GET',
      path: '/revocation-lists',
      permission: 'devices.read',
      summary: 'The revocation lists that count, and where they are fetched',
      handle: async () => ({
        json: { value: revocationLists.list().map(describe), sources: revocationSources.list().map(describeSource) },
      }),
    }),
    route({
      method: 'POST',
      path: '/revocation-lists',
      permission: 'hub-certificates.write',
      summary: 'Takes a revocation list of a verified CA, in place of the one before',
      body: listFile,
      bodyBytesMax: fileCharsMax + 1024,
      handle: async ({ body, caller }) => ({
        status: 201,
        json: describe(await revocationLists.add(Buffer.from(body.file, 'base64'), { by: caller.userId })),
      }),
    }),
    route({
      method: 'DELETE',
      path: '/revocation-lists/:listKey',
      permission: 'hub-certificates.write',
      summary: 'Forgets a revocation list: what it named may come in again',
      async handle({ params, caller }) {
        await revocationLists.delete(params.listKey ?? '', caller.userId);
        return { status: 204 };
      },
    }),
    route({
      method: 'PUT',
      path: '/revocation-sources/:thumbprint',
      permission: 'hub-certificates.write',
      summary: 'Fetches the revocation list of a verified CA from a URL, now and from now on',
      body: sourceBody,
      async handle({ params, body, caller }) {
        const ca = await revocationLists.requireVerified(params.thumbprint ?? '');
        return { status: 201, json: describeSource(await revocationSources.follow(ca, body.url, caller.userId)) };
      },
    }),
    route({
      method: 'DELETE',
      path: '/revocation-sources/:thumbprint',
      permission: 'hub-certificates.write',
      summary: 'Fetches the revocation list of a CA no more; the one that is there stays',
      async handle({ params }) {
        const { sha256Thumbprint } = await revocationLists.requireVerified(params.thumbprint ?? '');
        await revocationSources.unfollow(sha256Thumbprint);
        return { status: 204 };
      },
    }),
  ];
}

function describeSource({ caSha256, url, askedAt, failure }: RevocationSource) {
  return {
    sha256Thumbprint: caSha256,
    url,
    ...(askedAt !== undefined && { askedAt: formatInstant(askedAt) }),
    ...(failure !== undefined && { failure }),
  };
}

function describeList({ listKey, signer, crl, addedBy, addedAt }: RevocationList) {
  return {
    id: listKey,
    issuer: signer.subject,
    sha1Thumbprint: signer.sha1Thumbprint,
    sha256Thumbprint: signer.sha256Thumbprint,
    entries: crl.entries.size,
    thisUpdate: formatInstant(crl.thisUpdate),
    ...(crl.nextUpdate !== undefined && { nextUpdate: formatInstant(crl.nextUpdate) }),
    addedBy,
    addedAt: formatInstant(addedAt),
  };
}
