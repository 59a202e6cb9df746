import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type {
  CertificatePut,
  EnrollmentGroup,
  EnrollmentGroupPatch,
  EnrollmentGroupPut,
  GroupRow,
  SigningCertificate,
  VerificationCode,
} from './contract.ts';
import { ApiError, apiPath, callPublic, callUi } from './http.ts';

export type CertificateEntry = 'primary' | 'secondary';

export const groupKeys = {
  list: ['groups'] as const,
  one: (id: string) => ['group', id] as const,
  detail: (id: string) => ['group', id, 'detail'] as const,
  certificate: (id: string, entry: CertificateEntry) => ['group', id, 'certificate', entry] as const,
};

/** Every group with its counts. */
export function useGroupRows() {
  return useQuery({
    queryKey: groupKeys.list,
    queryFn: async () => (await callUi<{ value: GroupRow[] }>('GET', 'enrollmentGroups')).value,
  });
}

export function useGroup(id: string) {
  return useQuery({
    queryKey: groupKeys.detail(id),
    queryFn: () => callPublic<EnrollmentGroup>('GET', apiPath('enrollmentGroups', id)),
  });
}

export type NewGroup = { id: string; body: EnrollmentGroupPut; automaticallyConnect: boolean };

export function useCreateGroup() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, body, automaticallyConnect }: NewGroup) => {
      const group = await callPublic<EnrollmentGroup>('PUT', apiPath('enrollmentGroups', id), { body });
      if (!automaticallyConnect) await patchRow(id, automaticallyConnect);
      return group;
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: groupKeys.list }),
  });
}

export type GroupChange = { body?: EnrollmentGroupPatch; automaticallyConnect?: boolean };

/** Saves what changed; with nothing changed it asks nothing of the server. */
export function useSaveGroup(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ body, automaticallyConnect }: GroupChange) => {
      if (body) await callPublic<EnrollmentGroup>('PATCH', apiPath('enrollmentGroups', id), { body });
      if (automaticallyConnect !== undefined) await patchRow(id, automaticallyConnect);
    },
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: groupKeys.list }),
        queryClient.invalidateQueries({ queryKey: groupKeys.one(id) }),
      ]),
  });
}

function patchRow(id: string, automaticallyConnect: boolean): Promise<GroupRow> {
  return callUi<GroupRow>('PATCH', apiPath('enrollmentGroups', id), { body: { automaticallyConnect } });
}

export function useDeleteGroup(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => callPublic<void>('DELETE', apiPath('enrollmentGroups', id)),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: groupKeys.list }),
  });
}

/** The uploaded certificate, or null where there is none. */
export function useSigningCertificate(id: string, entry: CertificateEntry) {
  return useQuery({
    queryKey: groupKeys.certificate(id, entry),
    queryFn: async () => {
      try {
        return await callPublic<SigningCertificate>('GET', certificatePath(id, entry));
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  });
}

/** What can be done with one of a group's two certificates. */
export function useCertificateActions(id: string, entry: CertificateEntry) {
  const queryClient = useQueryClient();
  const path = certificatePath(id, entry);
  const onSettled = () =>
    Promise.all([
      queryClient.invalidateQueries({ queryKey: groupKeys.one(id) }),
      queryClient.invalidateQueries({ queryKey: groupKeys.list }),
    ]);
  return {
    upload: useMutation({
      mutationFn: (body: CertificatePut) => callPublic<SigningCertificate>('PUT', path, { body }),
      onSuccess: (certificate) => queryClient.setQueryData(groupKeys.certificate(id, entry), certificate),
      onSettled,
    }),
    generateCode: useMutation({ mutationFn: () => callPublic<VerificationCode>('POST', `${path}/generateVerificationCode`) }),
    verify: useMutation({
      mutationFn: (certificate: string) => callPublic<void>('POST', `${path}/verify`, { body: { certificate } }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: () => callPublic<void>('DELETE', path),
      onSuccess: () => queryClient.setQueryData(groupKeys.certificate(id, entry), null),
      onSettled,
    }),
  };
}

function certificatePath(id: string, entry: CertificateEntry): string {
  return apiPath('enrollmentGroups', id, 'certificates', entry);
}
