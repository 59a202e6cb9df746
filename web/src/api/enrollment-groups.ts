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
import { apiPath, callPublic, callUi } from './http.ts';

export type CertificateEntry = 'primary' | 'secondary';

export const groupKeys = {
  list: ['groups'] as const,
  one: (id: string) => ['group', id] as const,
  detail: (id: string) => ['group', id, 'detail'] as const,
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

/** What can be done with one of a group's two certificates. */
export function useCertificateActions(id: string, entry: CertificateEntry) {
  const queryClient = useQueryClient();
  const path = apiPath('enrollmentGroups', id, 'certificates', entry);
  const keep = (certificate: SigningCertificate | undefined) =>
    queryClient.setQueryData<EnrollmentGroup>(
      groupKeys.detail(id),
      (group) => group && withCertificate(group, entry, certificate),
    );
  const onSettled = () =>
    Promise.all([
      queryClient.invalidateQueries({ queryKey: groupKeys.one(id) }),
      queryClient.invalidateQueries({ queryKey: groupKeys.list }),
    ]);
  return {
    upload: useMutation({
      mutationFn: (body: CertificatePut) => callPublic<SigningCertificate>('PUT', path, { body }),
      onSuccess: (certificate) => keep(certificate),
      onSettled,
    }),
    generateCode: useMutation({ mutationFn: () => callPublic<VerificationCode>('POST', `${path}/generateVerificationCode`) }),
    verify: useMutation({
      mutationFn: (certificate: string) => callPublic<void>('POST', `${path}/verify`, { body: { certificate } }),
      onSettled,
    }),
    remove: useMutation({
      mutationFn: () => callPublic<void>('DELETE', path),
      onSuccess: () => keep(undefined),
      onSettled,
    }),
  };
}

/** The uploaded certificate of the group, if there is one. */
export function certificateOf(group: EnrollmentGroup, entry: CertificateEntry): SigningCertificate | undefined {
  return group.attestation.type === 'x509' ? group.attestation.x509.signingCertificates?.[entry] : undefined;
}

function withCertificate(
  group: EnrollmentGroup,
  entry: CertificateEntry,
  certificate: SigningCertificate | undefined,
): EnrollmentGroup {
  if (group.attestation.type !== 'x509') return group;
  const signingCertificates = { ...group.attestation.x509.signingCertificates, [entry]: certificate };
  return { ...group, attestation: { type: 'x509', x509: { signingCertificates } } };
}
